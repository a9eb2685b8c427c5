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

let addresses = 0

/** A bank behind a proxy, asked by another client each time: no flood limit is ever reached. */
export function fromEverywhere(bank: TestBank): TestBank {
  return forging(bank, () => {
    addresses += 1
    return { 'x-forwarded-for': `198.18.${(addresses >> 8) & 255}.${addresses & 255}` }
  })
}
