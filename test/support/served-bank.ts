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
