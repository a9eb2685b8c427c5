/**
 * Holds the book against what is there afterwards: first by what fintechs, the bank and the operator can ask, then by the
 * tables. Every row of the result says how many were promised and how many of them are not so.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { sql } from 'kysely'
import { hours } from '../src/clock.ts'
import { type Database, inspectDatabase } from '../src/store/open.ts'
import { customerIdOf } from './bank.ts'
import type { Book, Entry } from './faults-book.ts'
import { sweepAhead } from './faults-sweep.ts'
import type { FintechServer } from './fintech.ts'
import type { Installation } from './installation.ts'

export type Check = {
  readonly name: string
  readonly promised: number
  /** each one that is not as it was promised, in words */
  readonly broken: readonly string[]
}

type Verifying = {
  readonly installation: Installation
  readonly fintech: FintechServer
  readonly book: Book
}

/** While the program runs: what its interfaces say. */
export async function verifyByAsking({ installation, fintech, book }: Verifying): Promise<readonly Check[]> {
  const { entries } = book
  const connected = entries.filter((one) => one.exchange === 'answered' && one.stop === 'not-asked')
  const stopped = entries.filter((one) => one.exchange === 'answered' && one.stop === 'answered')
  return [
    { name: 'answers on the way', promised: book.entries.length, broken: book.wrongs },
    await each('exchanged: refreshes and opens the API', connected, async ({ tokens }) => {
      const { status, body } = await fintech.refresh(tokens?.refresh ?? '')
      if (status !== 200) return `refresh ${status} ${JSON.stringify(body)}`
      const token = String(body.access_token)
      const seen = await fintech.introspect(token)
      const api = await fintech.api('/api/accounts', token)
      if (seen.body.active === true && api.status === 200) return ''
      return `introspection ${JSON.stringify(seen.body)}, API ${api.status}`
    }),
    await each('stopped: dead', stopped, async ({ tokens }) => {
      const { status } = await fintech.refresh(tokens?.refresh ?? '')
      return status === 400 ? '' : `refresh ${status}`
    }),
    await sealed(installation),
    // Last, because a code that comes again ends its connection.
    await each('code sent again: refused', entries, (entry) => sendAgain(fintech, entry)),
  ]
}

/** Of a code whose answer was lost nobody knows whether it was spent; then one of two more tries may be the first. */
async function sendAgain(fintech: FintechServer, { exchange, code, verifier }: Entry): Promise<string> {
  const first = await fintech.exchange(code, verifier)
  const again = await fintech.exchange(code, verifier)
  const given = [first, again].filter(({ status }) => status !== 400).map(({ status }) => status)
  const allowed = exchange === 'answered' ? 0 : 1
  return given.length > allowed ? `answered ${given.join(' and ')}` : ''
}

/** The sealer has a second, so it is asked a few times. */
async function sealed(installation: Installation): Promise<Check> {
  const name = 'audit verify: chain whole'
  for (let tries = 0; ; tries += 1) {
    const said = operate(installation, ['audit', 'verify'])
    if (said.ok) return { name, promised: 1, broken: [] }
    if (tries === 20) return { name, promised: 1, broken: [said.says] }
    await new Promise((done) => setTimeout(done, 500))
  }
}

function operate({ environment }: Installation, words: readonly string[]) {
  try {
    const program = join(import.meta.dirname, '..', 'src', 'ninka.ts')
    const env = { PATH: process.env.PATH, ...environment }
    const says = execFileSync(process.execPath, [program, ...words], { env, stdio: 'pipe' }).toString()
    return { ok: true, says }
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer }
    return { ok: false, says: `${stdout?.toString() ?? ''}${stderr?.toString() ?? String(error)}` }
  }
}

/** When the program has ended, and after the sweeper: what the tables and the bank say. */
export async function verifyAtRest({ installation, book }: Verifying): Promise<readonly Check[]> {
  await sweepAhead(installation.environment, hours(2))
  const db = inspectDatabase(installation.databaseUrl)
  try {
    const consents = await db.selectFrom('consents').selectAll().execute()
    const perCustomer = countBy(consents.map((one) => one.customer_id))
    const codes = countBy(book.entries.map((one) => customerIdOf(one.customer)))
    return [
      check('許可 with a code: consent is there', [...codes], ([customer, seen]) =>
        (perCustomer.get(customer) ?? 0) >= seen ? '' : `${customer} has ${perCustomer.get(customer) ?? 0}`,
      ),
      await families(db, consents.length),
      check(
        'PINs: in force only where 許可 was given',
        [...pinsIn(installation, book, perCustomer)],
        faultOfPins,
      ),
      {
        name: 'PINs that wait at the bank',
        promised: 0,
        broken: repeat(installation.bank.waiting(), 'waits'),
      },
      await none(db, '許可 that was not carried out', sql`select 1 from finishing where done_at is null`),
      await none(db, 'notes of held PINs', sql`select 1 from held_pins`),
      await none(db, 'consents without their audit row', withoutRow('consent-granted', sql`true`)),
      await none(
        db,
        'activations without their audit row',
        withoutRow('consent-activated', sql`activated_at is not null`),
      ),
      await none(
        db,
        'endings without their audit row',
        withoutRow('consent-ended', sql`ended_at is not null`),
      ),
      await none(
        db,
        'rows of the audit that are there twice',
        sql`select 1 from audit where event in ('consent-granted', 'consent-activated', 'consent-ended')
            group by event, consent having count(*) > 1`,
      ),
    ]
  } finally {
    await db.destroy()
  }
}

const withoutRow = (event: string, which: ReturnType<typeof sql>) => sql`
  select 1 from consents where ${which} and not exists
    (select 1 from audit where audit.event = ${event} and audit.consent = consents.id)`

/** No consent has two refresh tokens, whatever was lost on the way. */
async function families(db: Database, consents: number): Promise<Check> {
  const rows = await db
    .selectFrom('engine_records')
    .select(['grant_id', (eb) => eb.fn.countAll().as('tokens')])
    .where('model', '=', 'RefreshToken')
    .groupBy('grant_id')
    .having((eb) => eb(eb.fn.countAll(), '>', 1))
    .execute()
  return {
    name: 'one code, one refresh token',
    promised: consents,
    broken: rows.map(({ tokens }) => `a consent has ${tokens}`),
  }
}

async function none(db: Database, name: string, query: ReturnType<typeof sql>): Promise<Check> {
  const { rows } = await query.execute(db)
  return { name: `no ${name}`, promised: 0, broken: repeat(rows.length, 'found') }
}

/** Every journey registers a PIN, or two where a page had to be asked for again; there are two accounts to do it for. */
function* pinsIn({ bank }: Installation, { entries }: Book, consents: ReadonlyMap<string, number>) {
  const most = Math.max(0, ...entries.map(({ customer }) => customer))
  for (let customer = 0; customer <= most; customer += 1) {
    const given = consents.get(customerIdOf(customer)) ?? 0
    yield { customer, registered: bank.registeredOf(customer).length - 1, consents: given }
  }
}

function faultOfPins({
  customer,
  registered,
  consents,
}: {
  customer: number
  registered: number
  consents: number
}) {
  const right = consents === 0 ? registered === 0 : registered >= Math.min(consents, 2)
  return right ? '' : `customer ${customer}: ${registered} PINs, ${consents} consents`
}

function check<One>(name: string, all: readonly One[], fault: (one: One) => string): Check {
  return { name, promised: all.length, broken: all.map(fault).filter(Boolean) }
}

async function each(
  name: string,
  all: readonly Entry[],
  fault: (one: Entry) => Promise<string>,
): Promise<Check> {
  const broken: string[] = []
  const left = all.values()
  const worker = async () => {
    for (const one of left) {
      const says = await fault(one)
      if (says) broken.push(`customer ${one.customer}: ${says}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return { name, promised: all.length, broken }
}

const repeat = (times: number, word: string): string[] => Array.from({ length: times }, () => word)

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
