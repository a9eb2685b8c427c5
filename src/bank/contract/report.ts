/** The contract run against a gateway, for the bank's engineer: what was checked, what was expected and what came. Never a secret of the test customers. */
import { Writable } from 'node:stream'
import { type Clock, dateInJapan } from '../../clock.ts'
import { createLog } from '../../log.ts'
import { createHttpBank } from '../http/bank.ts'
import { createExchange, type Gateway } from '../http/exchange.ts'
import { type CheckResult, runCheck } from './bench.ts'
import { bankChecks } from './checks.ts'
import { secretsIn, type TestCustomers } from './customers.ts'
import { wireChecks } from './wire.ts'

/** @property notes what the adapter saw of the gateway meanwhile, such as `hold-pins: status 500` */
export type Reported = CheckResult & { readonly notes: readonly string[] }

export async function checkGateway({
  gateway,
  customers,
  clock,
}: {
  readonly gateway: Gateway
  readonly customers: TestCustomers
  readonly clock: Clock
}): Promise<readonly Reported[]> {
  const notes: string[] = []
  const log = createLog({ level: 'warn', destination: new Writable({ write: keep }) })
  function keep(line: Buffer, _encoding: string, done: () => void): void {
    notes.push(noteOf(JSON.parse(line.toString()) as Note))
    done()
  }
  // A sick gateway is to be asked again at every check.
  const bank = createHttpBank({ gateway, clock, log, limits: { opensAfter: Number.POSITIVE_INFINITY } })
  const exchange = createExchange(gateway)
  const { cert, ca } = gateway.tls ?? {}
  const stranger = cert ? createExchange({ ...gateway, tls: ca ? { ca } : {} }) : undefined
  const reported: Reported[] = []
  const report = (result: CheckResult): void => {
    reported.push(withoutSecrets({ ...result, notes: notes.splice(0) }, secretsIn(customers)))
  }
  try {
    for (const check of wireChecks) report(await runCheck(check, { exchange, stranger, customers }))
    const bench = { bank, customers, today: dateInJapan(clock()) }
    for (const check of bankChecks) report(await runCheck(check, bench))
  } finally {
    await Promise.all([bank.close(), exchange.close(), stranger?.close()])
  }
  return reported
}

type Note = {
  readonly call?: string
  readonly why?: string
  readonly errorCode?: string
  readonly status?: number
  readonly wrongAt?: readonly string[]
}

function noteOf({ call = '', why, errorCode, status, wrongAt = [] }: Note): string {
  const fields = wrongAt.map((one) => one || 'the answer itself')
  const what = [
    why,
    errorCode,
    status === undefined ? undefined : `status ${status}`,
    fields.length > 0 ? `not by the contract at ${fields.join(', ')}` : undefined,
  ]
  return `${call}: ${what.filter(Boolean).join(', ')}`
}

function withoutSecrets(reported: Reported, secrets: readonly string[]): Reported {
  const clean = (text: string) =>
    secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text).slice(0, 300)
  const { notes, ...result } = reported
  if (result.verdict !== 'failed') return reported
  const { expected, got, ...rest } = result
  return { ...rest, expected: clean(expected), got: clean(got), notes: notes.map(clean) }
}
