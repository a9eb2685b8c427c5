/** 受付番号: where somebody on the phone stands in his journey, step by step, and what keeps him. */
import type { FastifyInstance } from 'fastify'
import { absoluteLimit } from '../../journey/journey.ts'
import { type AuditRow, auditOfJourney } from '../../store/audit-search.ts'
import type { DeskMessages, JourneyPlace } from '../../web/messages/desk-ja.ts'
import { codeOf, stamp, tellRow } from './tell.ts'
import type { JourneyView } from './views.ts'
import { type DeskParts, serve, type Visit } from './visit.ts'

const mostRows = 300

export function journeyRoutes(app: FastifyInstance, parts: DeskParts): void {
  serve(app, parts, 'GET /journeys/:number', async (visit) => {
    const number = visit.parameter('number')
    const rows = await auditOfJourney(parts.db, number, mostRows)
    if (rows.length === 0) return visit.notFound()
    const customer = customerIn(rows)
    await visit.looked('journey', { customer, journey: number })
    return visit.show(
      { title: visit.t.journey.title(number), under: 'home' },
      { template: 'desk/journey', view: await journeyView(parts, visit, rows) },
    )
  })
}

const lastOf = (rows: readonly AuditRow[], name: 'customer' | 'client'): string | null =>
  rows.findLast((row) => row[name] !== null)?.[name] ?? null

const customerIn = (rows: readonly AuditRow[]): string | null => lastOf(rows, 'customer')

async function journeyView(parts: DeskParts, { t }: Visit, rows: readonly AuditRow[]): Promise<JourneyView> {
  const { bank, clients, clock, consents } = parts
  const customer = customerIn(rows)
  const clientId = lastOf(rows, 'client')
  const granted = rows.find(({ event }) => event === 'consent-granted')
  const [client, consent, found] = await Promise.all([
    clientId === null ? undefined : clients.find(clientId),
    granted?.consent ? consents.find(granted.consent) : undefined,
    customer === null ? undefined : bank.findCustomers(customer),
  ])
  const entry = found?.ok ? found.value.find(({ id }) => id === customer) : undefined
  const startedAt = startOf(rows)
  const place = placeOf(rows, startedAt, clock())
  const step = rows.findLast(({ event }) => event === 'step-done')?.payload.step
  return {
    place,
    lastStep: typeof step === 'string' ? codeOf(t, step) : null,
    until: place === 'under-way' ? stamp(startedAt + absoluteLimit) : null,
    client: clientId === null ? null : { id: clientId, service: client?.serviceName ?? clientId },
    customer:
      customer === null
        ? null
        : { id: customer, company: entry?.companyName ?? customer, user: entry?.userName ?? '' },
    consent: consent?.number ?? null,
    hints: place === 'under-way' ? hintsFor(t, rows, client?.status === 'suspended') : [],
    rows: rows.map((row) => tellRow(t, row)),
  }
}

/** A step knows when its journey began; before the first one, the first row is as good as it gets. */
function startOf(rows: readonly AuditRow[]): number {
  const started = rows.find(({ payload }) => typeof payload.startedAt === 'number')?.payload.startedAt
  return typeof started === 'number' ? started : (rows[0]?.at ?? 0)
}

function placeOf(rows: readonly AuditRow[], startedAt: number, now: number): JourneyPlace {
  if (rows.some(({ event }) => event === 'consent-granted')) return 'allowed'
  if (rows.some(({ event }) => event === 'journey-refused')) return 'refused'
  return now > startedAt + absoluteLimit ? 'timed-out' : 'under-way'
}

/** What went wrong last, when nothing went right after it. */
function hintsFor(
  { journey: { hints } }: DeskMessages,
  rows: readonly AuditRow[],
  suspended: boolean,
): string[] {
  const lastRight = rows.findLastIndex(
    ({ event }) => event === 'step-done' || event === 'certificate-accepted',
  )
  const since = rows.slice(lastRight + 1)
  const wrong = since.filter(({ event }) => event === 'sign-in-failed')
  // A lock is counted by login ID, whatever journey it was met in, so the tries of this one only suggest it.
  const many = wrong.length >= 3
  return [
    ...(suspended ? [hints.suspended] : []),
    ...(since.some(({ event }) => event === 'certificate-refused') ? [hints.certificate] : []),
    ...(since.some(({ event }) => event === 'sign-in-refused') ? [hints.risk] : []),
    ...(wrong.length > 0 ? [hints.wrong] : []),
    ...(many ? [hints.locked] : []),
  ]
}
