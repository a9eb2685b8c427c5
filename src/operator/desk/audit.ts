/** The audit trail for the auditor: by time and by what a record is about, page by page. To search is itself recorded. */
import type { FastifyInstance } from 'fastify'
import { days } from '../../clock.ts'
import { type AuditQuery, searchAudit } from '../../store/audit-search.ts'
import { readQuery } from './query.ts'
import { tellRow } from './tell.ts'
import type { AuditView } from './views.ts'
import { type DeskParts, serve } from './visit.ts'

const rowsOfPage = 50

export function auditRoutes(app: FastifyInstance, parts: DeskParts): void {
  const { db, consents } = parts
  serve(app, parts, 'GET /audit', async (visit) => {
    const { t } = visit
    const asked = readAsked(visit.query)
    const from = startOfDay(asked.from)
    const until = startOfDay(asked.until)
    const number = readQuery(asked.consent)?.consent ?? asked.consent
    const consent = asked.consent === '' ? undefined : ((await consents.findByNumber(number))?.id ?? number)
    const query: AuditQuery = {
      from,
      until: until === undefined ? undefined : until + days(1) - 1,
      customer: asked.customer || undefined,
      client: asked.client || undefined,
      consent,
      journey: asked.journey === '' ? undefined : (readQuery(asked.journey)?.journey ?? asked.journey),
      event: asked.event || undefined,
      before: seqIn(visit.query.before),
    }
    await visit.looked('audit', { customer: query.customer ?? null, consent: query.consent ?? null })
    const rows = await searchAudit(db, query, rowsOfPage + 1)
    const page = rows.slice(0, rowsOfPage)
    const last = page.at(-1)
    const isMore = rows.length > rowsOfPage
    const view: AuditView = {
      asked,
      badDate: (asked.from !== '' && from === undefined) || (asked.until !== '' && until === undefined),
      events: Object.entries(t.events).map(([code, name]) => ({ code, name })),
      rows: page.map((row) => tellRow(t, row)),
      older:
        isMore && last
          ? `/audit?${new URLSearchParams({ ...asked, before: String(last.seq) }).toString()}`
          : null,
    }
    return visit.show({ title: t.audit.title, under: 'audit' }, { template: 'desk/audit', view })
  })
}

function readAsked(query: Readonly<Record<string, unknown>>): AuditView['asked'] {
  const text = (name: string): string => {
    const value = query[name]
    // Neither database takes a NUL, and whatever is longer is no id of ours.
    return typeof value === 'string' ? value.normalize('NFKC').replaceAll('\0', '').trim().slice(0, 100) : ''
  }
  return {
    from: text('from'),
    until: text('until'),
    customer: text('customer'),
    client: text('client'),
    consent: text('consent'),
    journey: text('journey'),
    event: text('event'),
  }
}

/** The first millisecond of a day in Japan. */
function startOfDay(text: string): number | undefined {
  const [, year, month, day] = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(text) ?? []
  if (!year || !month || !day) return undefined
  const at = Date.parse(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T00:00:00+09:00`)
  return Number.isNaN(at) ? undefined : at
}

function seqIn(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}
