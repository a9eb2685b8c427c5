/** The fintechs: what is registered of each, whether its events arrive, and what the registrar changes about it. */
import type { FastifyInstance } from 'fastify'
import { days } from '../../clock.ts'
import type { Client } from '../../store/clients.ts'
import { deliveriesOf, figuresOf, retryDead } from '../../store/deliveries.ts'
import { fieldsOf, keptFields, noFields, readClientFields, readRegistration, toKeep } from './client-form.ts'
import { readReason } from './decision.ts'
import { deliveryLine, keptStop } from './lookups.ts'
import type { Said } from './said.ts'
import type { DeskMessages } from '../../web/messages/desk-ja.ts'
import type { ClientFields, ClientLine, ClientView } from './views.ts'
import { type DeskParts, serve, type Visit } from './visit.ts'

const mostRows = 50
/** For how long a fintech may change over to its new secret. */
const overlap = days(7)

export function clientRoutes(app: FastifyInstance, parts: DeskParts): void {
  const { clients } = parts

  serve(app, parts, 'GET /clients', async (visit) => {
    const all = await clients.list()
    const view = {
      clients: await Promise.all(all.map((client) => clientLine(parts, client))),
      mayRegister: visit.may('registrar'),
    }
    return visit.show({ title: visit.t.clients.title, under: 'clients' }, { template: 'desk/clients', view })
  })

  /** An action on one client, with the reason that it needs; the prefix of its form's controls is its own name. */
  const act = (
    name: 'suspend' | 'resume' | 'rotate-secret' | 'retry',
    work: (client: Client, change: { by: Visit['by']; note: string }) => Promise<Partial<Said>>,
  ) =>
    serve(app, parts, `POST /clients/:client/${name}`, async (visit) => {
      const client = await clients.find(visit.parameter('client'))
      if (!client) return visit.notFound()
      const path = `/clients/${client.id}`
      const read = readReason(visit.body, name)
      if (!read.ok) return visit.say(path, { errors: read.errors, kept: read.kept })
      return visit.say(path, await work(client, { by: visit.by, ...read.value }))
    })

  act('suspend', async ({ id }, change) => ({
    done: (await clients.suspend(id, change)) ? 'client-suspended' : 'status-unchanged',
  }))
  act('resume', async ({ id }, change) => ({
    done: (await clients.resume(id, change)) ? 'client-resumed' : 'status-unchanged',
  }))
  act('rotate-secret', async ({ id }, change) => {
    const rotated = await clients.rotateSecret(id, { ...change, overlap })
    return rotated ? { done: 'secret-rotated', secret: rotated.secret } : { done: 'status-unchanged' }
  })
  act('retry', async ({ id }, change) => ({
    done: (await retryDead(parts, { client: id, ofClient: id }, change)) > 0 ? 'retried' : 'nothing-dead',
  }))

  serve(app, parts, 'GET /clients/:client', async (visit) => {
    const client = await clients.find(visit.parameter('client'))
    if (!client) return visit.notFound()
    const said = visit.said()
    return visit.show(
      { title: visit.t.clients.one(client.id), under: 'clients', said },
      { template: 'desk/client', view: await clientView(parts, visit, client, said) },
    )
  })

  const showForm = (visit: Visit, client: Client | undefined) => {
    const { clientForm } = visit.t
    const said = visit.said()
    const isKept = Object.keys(said.kept).length > 0
    const kept: ClientFields = isKept ? keptFields(said.kept) : client ? fieldsOf(client) : noFields
    const title = client ? clientForm.editTitle(client.id) : clientForm.registerTitle
    return visit.show(
      { title, under: 'clients', said },
      { template: 'desk/client-form', view: { id: client?.id ?? null, kept } },
    )
  }

  serve(app, parts, 'GET /register-client', async (visit) => showForm(visit, undefined))
  serve(app, parts, 'GET /clients/:client/edit', async (visit) => {
    const client = await clients.find(visit.parameter('client'))
    return client ? showForm(visit, client) : visit.notFound()
  })

  const save = async (visit: Visit, path: string, client: Client | undefined) => {
    const fields = readClientFields(visit.body)
    const read = readRegistration(fields, client?.id)
    const reason = readReason(visit.body, 'form')
    const isTaken = !client && (await clients.find(fields.id)) !== undefined
    if (!read.ok || !reason.ok || isTaken) {
      const errors = [
        ...(isTaken ? [{ code: 'client-id-taken', field: 'id' } as const] : []),
        ...(read.ok ? [] : read.errors),
        ...(reason.ok ? [] : reason.errors),
      ]
      return visit.say(path, { errors, kept: toKeep(fields) })
    }
    const { outcome, secret } = await clients.register(read.value, { by: visit.by, ...reason.value })
    return visit.say(`/clients/${read.value.id}`, { done: `client-${outcome}`, secret })
  }

  serve(app, parts, 'POST /register-client', async (visit) => save(visit, '/register-client', undefined))
  serve(app, parts, 'POST /clients/:client/edit', async (visit) => {
    const client = await clients.find(visit.parameter('client'))
    return client ? save(visit, `/clients/${client.id}/edit`, client) : visit.notFound()
  })
}

async function clientLine({ db }: DeskParts, client: Client): Promise<ClientLine> {
  const { id, serviceName, companyName, status } = client
  return {
    id,
    service: serviceName,
    company: companyName,
    status,
    ...(await figuresOf(db, id)),
  }
}

async function clientView(
  parts: DeskParts,
  { t, may }: Visit,
  client: Client,
  said: Said,
): Promise<ClientView> {
  const deliveries = await deliveriesOf(parts.db, { client: client.id }, mostRows)
  return {
    ...(await clientLine(parts, client)),
    facts: factsOf(t, client),
    deliveries: deliveries.map((one) => deliveryLine(t, one)),
    secret: said.secret ?? null,
    mayChange: may('registrar'),
    hasSecret: client.authentication.method === 'client_secret_basic',
    kept: { note: keptStop(said).note },
  }
}

const names: ReadonlySet<string> = new Set(['serviceName', 'companyName', 'registrationNumber', 'contact'])

function factsOf({ clientForm, values }: DeskMessages, client: Client): ClientView['facts'] {
  const { fields, scopes, methods, profiles, constraints } = clientForm
  const { authentication, keys } = client
  const facts: readonly (readonly [keyof typeof fields, string])[] = [
    ['id', client.id],
    ['serviceName', client.serviceName],
    ['companyName', client.companyName],
    ['registrationNumber', client.registrationNumber],
    ['contact', client.contact],
    ['liabilityUrl', client.liabilityUrl],
    ['termsUrl', client.termsUrl],
    ['termsVersion', client.termsVersion],
    ['privacyUrl', client.privacyUrl],
    ['customerChooses', client.customerChooses ? values.yes : values.no],
    ['scopes', client.scopes.map((scope) => scopes[scope]).join(', ')],
    ['consentDays', String(client.consentDays)],
    ['redirectUris', client.redirectUris.join(' ')],
    ['eventsUrl', client.eventsUrl ?? '—'],
    ['profile', profiles[client.profile]],
    ['senderConstraint', constraints[client.senderConstraint]],
    ['method', methods[authentication.method]],
    ...(authentication.method === 'tls_client_auth'
      ? [['subject', authentication.subject.value] as const]
      : []),
    ...(keys ? [keysFact(keys)] : []),
    ...(authentication.method === 'private_key_jwt'
      ? [['signingAlg', authentication.signingAlg] as const]
      : []),
  ]
  return facts.map(([name, text]) => ({ label: fields[name], text, isName: names.has(name) }))
}

/** Where they are published, or what they are called. */
function keysFact(keys: NonNullable<Client['keys']>): readonly ['jwks' | 'jwksUri', string] {
  if ('jwksUri' in keys) return ['jwksUri', keys.jwksUri]
  return ['jwks', keys.jwks.keys.map(({ kid, kty }) => String(kid ?? kty)).join(', ')]
}
