/** A developer's own sandbox client: what is registered, how to change it, and what became of its events. */
import type { FastifyInstance } from 'fastify'
import { days } from '../clock.ts'
import { hashClientSecret, unguessable } from '../secrets.ts'
import type { Client } from '../store/clients.ts'
import { deliveriesOf, figuresOf } from '../store/deliveries.ts'
import { demoSubject } from './certificates.ts'
import { fieldsOf, keptOf, readClient, readFields } from './client-form.ts'
import { namesToKeepFree } from './register.ts'
import { withSecret } from './sandbox.ts'
import { snippetsFor } from './snippets.ts'
import { base, type DeveloperParts, serveOwn } from './visit.ts'

const mostEvents = 20
const mostErrors = 20
/** For how long the former secret counts too. */
const overlap = days(7)

export function clientRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  const { db, clients, clock, refusals, settings } = parts
  const path = `${base}/client` as const
  const edit = `${path}/edit` as const

  serveOwn(app, parts, `GET ${path}`, async (visit) => {
    const { client, t } = visit
    const said = visit.said()
    const view = {
      id: client.id,
      isSuspended: client.status === 'suspended',
      facts: factsOf(client).map(([name, text]) => ({ label: t.fields[name], text })),
      hasSecret: client.authentication.method === 'client_secret_basic',
      clientSecret: said.clientSecret ?? null,
      snippets: snippetsFor(client, {
        issuer: settings.publicUrl,
        clientSecret: said.clientSecret ?? null,
      }),
      errors: (await refusals.latest(client.id, mostErrors)).map(({ id, at, endpoint, error }) => ({
        id,
        at,
        endpoint,
        error,
      })),
      figures: await figuresOf(db, client.id),
      events: (await deliveriesOf(db, { client: client.id }, mostEvents)).map(
        ({ type, state, tries, lastError }) => ({ type, state, tries, lastError: lastError ?? '' }),
      ),
    }
    return visit.show({ title: t.client.title, said }, { template: 'developers/client', view })
  })

  serveOwn(app, parts, `GET ${edit}`, (visit) => {
    const said = visit.said()
    return visit.show(
      { title: visit.t.client.editTitle, said },
      {
        template: 'developers/client-form',
        view: {
          action: edit,
          kept: { ...fieldsOf(visit.client, demoSubject), ...said.kept },
          isNew: false,
          withCertificates: settings.mutualTls !== undefined,
        },
      },
    )
  })

  serveOwn(app, parts, `POST ${edit}`, async (visit) => {
    const fields = readFields(visit.body)
    const read = readClient(visit.client.id, fields, await namesToKeepFree(parts))
    if (!read.ok) return visit.say(edit, { errors: read.errors, kept: keptOf(fields, read.errors) })
    const { registration, secret } = withSecret(read.value, visit.client)
    await clients.put(registration)
    return visit.say(path, {
      done: secret === undefined ? 'changed' : 'secret-made',
      clientSecret: secret,
    })
  })

  serveOwn(app, parts, `POST ${path}/rotate-secret`, async (visit) => {
    const { status: _kept, ...client } = visit.client
    const { authentication } = client
    if (authentication.method !== 'client_secret_basic') return visit.say(path, { done: 'unchanged' })
    const { method, secretHash } = authentication
    const secret = unguessable()
    await clients.put({
      ...client,
      authentication: {
        method,
        secretHash: hashClientSecret(secret),
        former: { secretHash, until: clock() + overlap },
      },
    })
    return visit.say(path, { done: 'secret-rotated', clientSecret: secret })
  })
}

function factsOf(client: Client) {
  const { authentication, keys } = client
  return [
    ['name', client.serviceName],
    ['redirectUris', client.redirectUris.join(' ')],
    ['profile', client.profile],
    ['method', authentication.method],
    ['senderConstraint', client.senderConstraint],
    ['eventsUrl', client.eventsUrl ?? '—'],
    ['jwks', keys ? ('jwksUri' in keys ? keys.jwksUri : keyNames(keys.jwks.keys)) : '—'],
  ] as const
}

const keyNames = (keys: readonly Readonly<Record<string, unknown>>[]): string =>
  keys
    .map(({ kty, crv, kid }) => [kty, crv, kid].filter((part) => typeof part === 'string').join(' '))
    .join(', ')
