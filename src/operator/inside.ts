/** What the doctor sees with the installation's own settings: database, keys, authorities, revocation, bank. */
import type { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import type { Bank } from '../bank/port.ts'
import { type Authorities, readAuthorities } from '../certificate/chain.ts'
import { writeName } from '../certificate/names.ts'
import type { Standing } from '../certificate/revocation-lists.ts'
import { type Inspection, inspectRevocation } from '../certificate/verify.ts'
import { type Clock, dateInJapan, days, hours } from '../clock.ts'
import type { Institution } from '../institution.ts'
import { holidaysKnownUntil } from '../institution-hours.ts'
import type { Log } from '../log.ts'
import type { Secrets } from '../secrets.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../store/open.ts'
import { type Check, failure, ok, type Outcome, skipped, warning } from './check.ts'

export type Inside = {
  readonly settings: Settings
  readonly institution: Institution
  readonly db: Database
  readonly secrets: Secrets
  /** undefined for the simulated bank, which lives in the database */
  readonly bank: Pick<Bank, 'reach'> | undefined
  readonly clock: Clock
  readonly log: Log
}

export function insideChecks(parts: Inside): readonly Check[] {
  return [
    { name: 'database', run: () => database(parts) },
    { name: 'database clock', run: () => databaseClock(parts) },
    { name: 'keys', run: () => keys(parts) },
    { name: 'bank reached', run: () => bank(parts) },
    { name: 'authorities', run: () => authorities(parts) },
    { name: 'revocation', run: () => revocation(parts) },
    { name: 'holidays', run: () => holidays(parts) },
  ]
}

async function database({ db, clock }: Inside): Promise<Outcome> {
  const before = clock()
  await db.selectFrom('clients').select('id').limit(1).execute()
  const took = clock() - before
  return took > 200 ? warning(`answers, but in ${took} ms`) : ok(`answers in ${took} ms`)
}

const mostSkew = 2000

async function databaseClock({ settings, db, clock }: Inside): Promise<Outcome> {
  if (settings.databaseUrl.startsWith('sqlite:')) return skipped('SQLite has no clock of its own')
  const { rows } = await sql<{
    now: string
  }>`select extract(epoch from clock_timestamp()) * 1000 as now`.execute(db)
  const skew = Math.round(Number(rows[0]?.now) - clock())
  return Math.abs(skew) > mostSkew
    ? failure(`its clock differs from this machine's by ${skew} ms; set both by NTP`)
    : ok(`differs from this machine's by ${skew} ms`)
}

async function keys({ db, secrets }: Inside): Promise<Outcome> {
  const rows = await db.selectFrom('sealed_secrets').select(['name', 'sealed']).execute()
  if (rows.length === 0) return warning('the service has not been started on this database yet')
  const closed = rows.filter(({ name, sealed }) => secrets.open(sealed, name) === undefined)
  if (closed.length > 0)
    return failure(`MASTER_KEY_FILE does not open: ${closed.map(({ name }) => name).join(', ')}`)
  const older = rows.filter(({ name, sealed }) => !secrets.isNewest(sealed, name))
  return older.length > 0
    ? warning(
        `sealed under an older master key, so keep it in the file: ${older.map(({ name }) => name).join(', ')}`,
      )
    : ok(`${rows.length} sealed values open with the newest master key`)
}

async function bank({ bank: port }: Inside): Promise<Outcome> {
  if (!port) return skipped('the simulated bank lives in the database')
  const answer = await port.reach()
  return answer.ok
    ? ok('its gateway answers by the contract')
    : failure('its gateway does not answer: nobody can sign in')
}

async function authorities({ institution: { certificates }, settings, clock }: Inside): Promise<Outcome> {
  if (!certificates)
    return settings.certificate
      ? failure('CERTIFICATE_URL is set, but the institution file names no authorities')
      : skipped('no sign-in by certificate')
  const { all, unusable } = authoritiesIn(certificates.authorities)
  const left = Math.floor((Math.min(...all.map(({ endsAt }) => endsAt)) - clock()) / days(1))
  if (left < 0) return failure('an authority has expired: its customers cannot sign in')
  const useless = unusable.map(({ authority, why }) => `${writeName(authority.subject)} (${why})`)
  if (useless.length > 0) return warning(`nobody can sign in below ${useless.join(', ')}`)
  return left < 90
    ? warning(`an authority expires in ${left} days`)
    : ok(`${all.length} authorities, the first expires in ${left} days`)
}

/** As the service reads them when it starts. @throws Error */
const authoritiesIn = (file: string): Authorities => readAuthorities(readFileSync(file, 'utf8'))

/** None where the file does not serve: that is for `authorities` to say. */
export function certificatesIn(file: string): readonly X509Certificate[] {
  try {
    return authoritiesIn(file).all.map(({ x509 }) => x509)
  } catch {
    return []
  }
}

async function revocation({ institution: { certificates }, clock, log }: Inside): Promise<Outcome> {
  if (!certificates) return skipped('no sign-in by certificate')
  const { crl, ocsp } = certificates.revocation
  const { lists, answers } = await inspectRevocation({ rules: certificates, clock, log })
  const parts = [
    ...(crl ? [outcomeOfLists(lists, clock())] : []),
    ...(ocsp ? [outcomeOfAnswers(answers, new URL(ocsp.url).host)] : []),
  ]
  const worst = (['failure', 'warning'] as const).find((one) => parts.some(({ verdict }) => verdict === one))
  return { verdict: worst ?? 'ok', says: parts.map(({ says }) => says).join('; ') }
}

function outcomeOfLists(lists: readonly Standing[], now: number): Outcome {
  const bad = lists.flatMap((one) => ('problem' in one ? [`${one.source}: ${one.problem}`] : []))
  if (bad.length > 0) return failure(bad.join('; '))
  const good = lists.flatMap((one) => ('problem' in one ? [] : [one]))
  const soon = good.filter(({ nextUpdate }) => nextUpdate < now + hours(2))
  const entries = good.reduce((sum, one) => sum + one.entries, 0)
  return soon.length > 0
    ? warning(`out of date within 2 hours: ${soon.map(({ source }) => source).join(', ')}`)
    : ok(`${good.length} lists with ${entries} revoked certificates are current`)
}

function outcomeOfAnswers(answers: Inspection['answers'], host: string): Outcome {
  if (answers.length === 0) return failure(`${host}: there is no authority to ask about`)
  const bad = answers.flatMap(({ authority, problem }) => (problem ? [`${problem} for ${authority}`] : []))
  return bad.length > 0 ? failure(`${host}: ${bad.join(', ')}`) : ok(`${host} answers`)
}

async function holidays({ institution: { calendar }, clock }: Inside): Promise<Outcome> {
  const last = calendar && holidaysKnownUntil(calendar)
  if (last === undefined) return skipped('no hours of the institution depend on them')
  const year = Number(dateInJapan(clock()).slice(0, 4))
  const help = `name those of ${last + 1} in calendar.days of the institution file, or update ninka`
  if (year > last) return failure(`those of ${year} are unknown, so they are days like others: ${help}`)
  return year === last ? warning(`those after ${last} are unknown: ${help}`) : ok(`known until ${last}`)
}
