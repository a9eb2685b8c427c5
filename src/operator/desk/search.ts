/** 照会: one box for whatever the caller can say. A single hit is opened at once; what was typed is in no address. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { CustomerEntry } from '../../bank/port.ts'
import { text } from '../../journey/fields.ts'
import { auditOfJourney } from '../../store/audit-search.ts'
import type { Client } from '../../store/clients.ts'
import type { Consent } from '../../store/consents.ts'
import { consentLine, servicesOf } from './lookups.ts'
import { fold, type Query, readQuery } from './query.ts'
import type { FoundView } from './views.ts'
import { type DeskParts, serve, type Visit } from './visit.ts'

export function searchRoutes(app: FastifyInstance, parts: DeskParts): void {
  const { seals } = parts

  serve(app, parts, 'GET /', async (visit) =>
    visit.show(
      { title: visit.t.home.title, under: 'home', said: visit.said() },
      { template: 'desk/home', view: { maySearch: maySearch(visit), typed: '' } },
    ),
  )

  serve(app, parts, 'POST /search', async (visit) => {
    const { q } = z
      .object({ q: text(500) })
      .catch({ q: '' })
      .parse(visit.body ?? {})
    const query = readQuery(q)
    if (!query) return visit.say('/', { errors: [{ code: 'query-missing', field: 'q' }] })
    const only = onlyOne(await find(parts, query))
    if (only) return visit.goTo(only)
    return visit.goTo(`/found?for=${seals.seal('search', visit.member, q)}`)
  })

  serve(app, parts, 'GET /found', async (visit) => {
    const asked = typeof visit.query.for === 'string' ? visit.query.for : ''
    const opened = seals.open('search', asked)
    const query =
      opened?.by === visit.member.name && typeof opened.value === 'string'
        ? readQuery(opened.value)
        : undefined
    if (!query) return visit.goTo('/')
    const found = await find(parts, query)
    await visit.looked('search')
    return visit.show(
      { title: visit.t.found.title, under: 'home' },
      { template: 'desk/found', view: await foundView(parts, visit, found) },
    )
  })
}

const maySearch = ({ may }: Visit): boolean => may('reader') || may('desk') || may('auditor')

type Found = {
  readonly bankDown: boolean
  readonly customers: readonly CustomerEntry[]
  readonly consent: Consent | undefined
  readonly journey: string | undefined
  readonly clients: readonly Client[]
}

async function find({ bank, consents, clients, db }: DeskParts, query: Query): Promise<Found> {
  const [answers, consent, rows, services] = await Promise.all([
    Promise.all(query.customer.map((one) => bank.findCustomers(one))),
    query.consent ? consents.findByNumber(query.consent) : undefined,
    query.journey ? auditOfJourney(db, query.journey, 1) : [],
    clients.list(),
  ])
  const customers = answers.flatMap((answer) => (answer.ok ? answer.value : []))
  return {
    bankDown: answers.some(({ ok }) => !ok),
    customers: [...new Map(customers.map((one) => [one.id, one])).values()],
    consent,
    journey: rows.length > 0 ? query.journey : undefined,
    clients: services.filter(({ id, serviceName, companyName }) =>
      [id, serviceName, companyName].some((name) => fold(name).includes(query.client)),
    ),
  }
}

/** Where the one thing that was found is looked at. */
function onlyOne({ bankDown, customers, consent, journey, clients }: Found): string | undefined {
  const all = [
    ...customers.map(({ id }) => `/customers/${encodeURIComponent(id)}`),
    ...(consent ? [`/consents/${consent.number}`] : []),
    ...(journey ? [`/journeys/${journey}`] : []),
    ...clients.map(({ id }) => `/clients/${id}`),
  ]
  return bankDown || all.length > 1 ? undefined : all[0]
}

async function foundView(
  parts: DeskParts,
  { t }: Visit,
  { bankDown, customers, consent, journey, clients }: Found,
): Promise<FoundView> {
  const services = await servicesOf(parts)
  return {
    bankDown,
    count: customers.length + (consent ? 1 : 0) + (journey ? 1 : 0) + clients.length,
    customers: customers.map(({ id, companyName, userName, loginId }) => ({
      id,
      company: companyName,
      user: userName,
      loginId,
    })),
    consents: consent ? [consentLine(t, consent, services.get(consent.client), parts.clock())] : [],
    journeys: journey ? [journey] : [],
    clients: clients.map(({ id, serviceName, companyName }) => ({
      id,
      service: serviceName,
      company: companyName,
    })),
  }
}
