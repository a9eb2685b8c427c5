/** Any bank behind the HTTP contract, and the adapter that asks it, with every line that it logs. */
import { Writable } from 'node:stream'
import { createHttpBank, type HttpBank } from '../../src/bank/http/bank.ts'
import type { Limits } from '../../src/bank/http/guard.ts'
import type { Bank } from '../../src/bank/port.ts'
import { serveBank } from '../../src/bank/served.ts'
import { createLog } from '../../src/log.ts'

export type Served = { readonly url: string; readonly close: () => Promise<void> }

export async function openServedBank(bank: Bank): Promise<Served> {
  const server = serveBank({ bank, clock: () => Date.now() })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return { url, close: () => server.close() }
}

/** A bank that startBank's simulator plays behind the HTTP contract, with every header that it was sent. */
export async function openGateway(): Promise<{
  readonly wrapBank: (bank: Bank) => Bank
  readonly heard: Readonly<Record<string, unknown>>[]
  readonly close: () => Promise<void>
}> {
  let real: Bank | undefined
  const heard: Readonly<Record<string, unknown>>[] = []
  const bank = new Proxy({} as Bank, {
    get: (_target, name: keyof Bank) => real?.[name].bind(real),
  })
  const server = serveBank({ bank, clock: () => Date.now() })
  server.addHook('onRequest', async ({ url, headers }) => {
    heard.push({ ...headers, url })
  })
  const http = openHttpBank(await server.listen({ host: '127.0.0.1', port: 0 })).bank
  return {
    heard,
    wrapBank(played) {
      real = played
      return http
    },
    async close() {
      await http.close()
      await server.close()
    },
  }
}

export type Asking = { readonly bank: HttpBank; readonly logged: readonly string[] }

/** @param timeout ms for every call; the contract's unless given */
export function openHttpBank(
  url: string,
  { timeout, limits }: { readonly timeout?: number; readonly limits?: Partial<Limits> } = {},
): Asking {
  const logged: string[] = []
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString())
      done()
    },
  })
  const bank = createHttpBank({
    gateway: { url, tls: undefined },
    clock: () => Date.now(),
    log: createLog({ level: 'debug', destination }),
    ...(limits ? { limits } : {}),
    ...(timeout === undefined ? {} : { timeout }),
  })
  return { bank, logged }
}
