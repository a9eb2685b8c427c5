/** Registers a sandbox client by a form, and shows its secret and the developer's key this once. */
import type { FastifyInstance } from 'fastify'
import { hashClientSecret, unguessable } from '../secrets.ts'
import type { Institution } from '../institution.ts'
import type { Clients } from '../store/clients.ts'
import { addDeveloper, isSandbox } from '../store/developers.ts'
import { demoSubject } from './certificates.ts'
import { firstFields, keptOf, readClient, readFields } from './client-form.ts'
import { newSandboxId, withSecret } from './sandbox.ts'
import { snippetsFor } from './snippets.ts'
import { base, type DeveloperParts, serve, serveOwn } from './visit.ts'

/** How many sandbox clients there are at most; the oldest that nobody ever connected makes room. */
export const mostSandboxClients = 200

export function registerRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  const path = `${base}/register` as const

  serve(app, parts, `GET ${path}`, (visit) => {
    const said = visit.said()
    const kept = { ...firstFields(demoSubject), ...said.kept }
    return visit.show(
      { title: visit.t.register.title, said },
      {
        template: 'developers/client-form',
        view: { action: path, kept, isNew: true, withCertificates: parts.settings.mutualTls !== undefined },
      },
    )
  })

  serve(app, parts, `POST ${path}`, async (visit) => {
    const fields = readFields(visit.body)
    const read = readClient(newSandboxId(), fields, await namesToKeepFree(parts))
    if (!read.ok) return visit.say(path, { errors: read.errors, kept: keptOf(fields, read.errors) })
    const { registration, secret } = withSecret(read.value)
    const developerKey = unguessable()
    const keyHash = hashClientSecret(developerKey)
    if (!(await addDeveloper(parts, { registration, keyHash, most: mostSandboxClients })))
      return visit.say(path, { errors: [{ code: 'full', field: 'name' }], kept: fields })
    visit.signIn({ client: registration.id, keyHash })
    return visit.say(`${base}/registered`, { clientSecret: secret, developerKey })
  })

  serveOwn(app, parts, `GET ${base}/registered`, (visit) => {
    const { clientSecret = null, developerKey } = visit.said()
    // What was shown once is not shown again.
    if (developerKey === undefined) return visit.goTo(`${base}/client`)
    const { client } = visit
    const snippets = snippetsFor(client, { issuer: parts.settings.publicUrl, clientSecret })
    return visit.show(
      { title: visit.t.registered.title },
      { template: 'developers/registered', view: { id: client.id, clientSecret, developerKey, snippets } },
    )
  })
}

/** The bank, and whoever it really registered. */
export async function namesToKeepFree({
  clients,
  institution,
}: {
  readonly clients: Clients
  readonly institution: Institution
}): Promise<readonly string[]> {
  const real = (await clients.list()).filter(({ id }) => !isSandbox(id))
  const { ja, en } = institution.name
  return [
    ...ja.split(/\s+/),
    en,
    ...real.flatMap(({ serviceName, companyName }) => [
      serviceName,
      companyName,
      ...companyName.split('株式会社'),
    ]),
  ]
}
