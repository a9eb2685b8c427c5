/** The same bank, reached through somebody who adds headers to every request. */
import type { InjectOptions } from 'fastify'
import type { TestBank } from './bank.ts'

type Added = Readonly<Record<string, string>>

export function forging(bank: TestBank, added: Added | (() => Added)): TestBank {
  const server: TestBank['server'] = Object.create(bank.server, {
    inject: {
      value: (request: InjectOptions) =>
        bank.server.inject({
          ...request,
          headers: { ...request.headers, ...(typeof added === 'function' ? added() : added) },
        }),
    },
  })
  return { ...bank, server }
}

/** The environment of a bank that believes the tests when they say where a request comes from. */
export const behindProxy = { TRUSTED_PROXIES: '127.0.0.1' }

/**
 * A bank behind a proxy, asked by another client each time: no flood limit is ever reached. All are in one network, because a
 * customer whose network is another one all at once is asked more.
 */
export function fromEverywhere(bank: TestBank): TestBank {
  let addresses = 0
  return forging(bank, () => {
    addresses += 1
    return { 'x-forwarded-for': `2001:db8:1:${(addresses & 0xffff).toString(16)}::1` }
  })
}
