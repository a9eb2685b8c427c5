/** What is served beside the customer's pages: the resources for tokens, and the two origins that ask for certificates. */
import type { FastifyInstance } from 'fastify'
import type Provider from 'oidc-provider'
import { accessWithErrors } from './accounts-api/access.ts'
import { createNextItemKeys } from './accounts-api/next-item.ts'
import { accountsApi } from './accounts-api/routes.ts'
import type { AppParts, CertificateParts, MutualTlsParts } from './app.ts'
import { certificateRoutes, refuseStrangers } from './certificate/origin.ts'
import { acceptPresented } from './certificate/presented.ts'
import type { CertificateTickets } from './certificate/tickets.ts'
import type { Consents } from './consent/consents.ts'
import type { Refusals } from './explain/refusals.ts'
import { errorRoutes } from './explain/routes.ts'
import { grantsApi } from './grants/routes.ts'
import type { DeskServerParts } from './operator/desk/desk.ts'
import { accessOfRequest } from './provider/access.ts'
import { mountAliases } from './provider/mount.ts'
import type { Clients } from './store/clients.ts'
import { type FailurePages, handleFailures } from './web/failures.ts'
import { publicFiles } from './web/files.ts'
import type { Site } from './web/frame.ts'
import { helpElsewhere } from './web/help.ts'
import { bareServer } from './web/server.ts'

type ResourceParts = Pick<
  AppParts,
  'settings' | 'institution' | 'bank' | 'secrets' | 'clock' | 'log' | 'metrics'
> & {
  readonly provider: Provider
  readonly clients: Clients
  readonly consents: Consents
  readonly refusals: Refusals
}

/** What a token opens. @param origin of the listener, which a proof of possession must name */
export async function resources(
  app: FastifyInstance,
  { origin, ...parts }: ResourceParts & { readonly origin: string },
): Promise<void> {
  const { settings, institution, provider, clients, consents, refusals, clock, bank, log, secrets } = parts
  const { publicUrl } = settings
  const errorsAt = { provider, clients, clock, origin, publicUrl, refusals }
  await app.register(accountsApi, {
    prefix: '/api',
    mutualTlsUrl: settings.mutualTls?.url,
    nextItemKeys: createNextItemKeys(secrets.derive('next-item')),
    bank,
    clock,
    publicUrl,
    lookBackMonths: institution.rules.lookBackMonths,
    calendar: institution.calendar,
    consents,
    log,
    refusals,
    accessOf: accessWithErrors(accessOfRequest({ provider, consents, clients, publicUrl, clock, origin })),
  })
  await app.register(errorRoutes, errorsAt)
  await app.register(grantsApi, { ...errorsAt, consents })
}

/** Where a customer's browser is asked for his certificate. */
export async function certificateListener({
  settings,
  institution,
  log,
  metrics,
  bank,
  certificates,
  pages,
  site,
  tickets,
}: AppParts & {
  readonly certificates: CertificateParts
  readonly pages: FailurePages
  readonly site: Site
  readonly tickets: CertificateTickets
}): Promise<FastifyInstance> {
  const app = await bareServer({ settings, pages, log, metrics, listener: 'certificate' })
  app.addHook('onClose', () => certificates.verifier.stop())
  refuseStrangers(app, certificates.origin)
  handleFailures(app, pages)
  await publicFiles(app, institution)
  await app.register(helpElsewhere, site)
  await app.register(certificateRoutes, { ...certificates, publicUrl: settings.publicUrl, bank, tickets })
  return app
}

/** Where fintechs call with their client certificates. */
export async function mutualTlsListener({
  mutualTls,
  pages,
  ...parts
}: ResourceParts & {
  readonly mutualTls: MutualTlsParts
  readonly pages: FailurePages
}): Promise<FastifyInstance> {
  const { origin, verifier } = mutualTls
  const { settings, log, metrics } = parts
  const app = await bareServer({ settings, pages, log, metrics, listener: 'fintechs' })
  app.addHook('onClose', () => verifier?.stop())
  acceptPresented(app, mutualTls)
  handleFailures(app, pages)
  await mountAliases(app, { provider: parts.provider, origin: origin.url })
  await resources(app, { ...parts, origin: origin.url })
  return app
}

/** Where there is no desk, its pages are not even loaded. */
export async function deskListener(parts: DeskServerParts): Promise<FastifyInstance> {
  const { createDesk } = await import('./operator/desk/desk.ts')
  return createDesk(parts)
}
