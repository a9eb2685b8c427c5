/** The composition root: every part built once, in order, and handed to those who need it. */
import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { type Background, createBackground } from './background.ts'
import type { BankControls } from './bank/controls.ts'
import type { Bank } from './bank/port.ts'
import { createHeldPins } from './bank/held-pins.ts'
import { certificateAddress, hasFreshHosts } from './certificate/hosts.ts'
import type { CertificateOrigin } from './certificate/origin.ts'
import { createTickets } from './certificate/tickets.ts'
import type { Verifier } from './certificate/verdict.ts'
import { type Clock, hours, minutes } from './clock.ts'
import { connectionsRoutes } from './connections/routes.ts'
import { createConsents } from './consent/consents.ts'
import { createRefusals } from './explain/refusals.ts'
import type { Institution } from './institution.ts'
import { nextStep } from './journey/next-step.ts'
import { journeyRoutes } from './journey/routes.ts'
import { certificateListener, deskListener, mutualTlsListener, resources } from './listeners.ts'
import type { Log } from './log.ts'
import { measureBank } from './metrics/bank.ts'
import { internalListener } from './metrics/listener.ts'
import type { Metrics } from './metrics/metrics.ts'
import { readState } from './metrics/state.ts'
import type { Entrance } from './operator/desk/entrance.ts'
import { createAdapterFactory } from './provider/adapter.ts'
import { createInteractions } from './provider/interactions.ts'
import { makeSigningKeys, readSigningKeys } from './provider/keys.ts'
import { mountProvider } from './provider/mount.ts'
import { createProvider, pairwiseSubject } from './provider/provider.ts'
import { isThisMachine } from './outgoing/address.ts'
import { type Readiness, readinessOf, readinessRoutes } from './readiness.ts'
import type { RiskEngine } from './risk/assess.ts'
import { createLocks } from './risk/locks.ts'
import { createSignIns } from './risk/sign-ins.ts'
import { type Secrets, unguessable } from './secrets.ts'
import type { Settings } from './settings.ts'
import { type Clients, createClients } from './store/clients.ts'
import type { Database } from './store/open.ts'
import { sealedSecret } from './store/sealed-secrets.ts'
import { eventReader } from './outbox/events.ts'
import type { MailSystem } from './outbox/notices.ts'
import { publicFiles } from './web/files.ts'
import { createServer } from './web/server.ts'
import { createPages } from './web/pages.ts'
import type { Site } from './web/frame.ts'
import { helpRoutes } from './web/help.ts'
import { wordsOf } from './web/words.ts'
import { engineErrorPage, handleFailures } from './web/failures.ts'

export type AppParts = {
  readonly settings: Settings
  readonly institution: Institution
  readonly db: Database
  readonly bank: Bank
  /** what the demo's developers may do to it; undefined for a real bank */
  readonly bankControls: BankControls | undefined
  readonly secrets: Secrets
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** sign-in by client certificate; undefined when it is not offered */
  readonly certificates: CertificateParts | undefined
  /** where fintechs call with client certificates; undefined when none can */
  readonly mutualTls: MutualTlsParts | undefined
  /** how the bank's staff come to the desk; undefined where there is none */
  readonly desk: Entrance | undefined
  /** ms between two rounds of the sweeper; 0 leaves it to the caller */
  readonly sweepEvery: number
  /** ms between two rounds of sealing the audit; 0 leaves it to the caller */
  readonly sealEvery: number
  /** ms between two rounds of the outbox; 0 leaves it to the caller */
  readonly deliverEvery: number
  /** the bank's mail system; without one, customers are not written to */
  readonly mail: MailSystem | undefined
  /** the bank's own rules for 追加認証; ours unless given */
  readonly riskEngine?: RiskEngine | undefined
}

export type App = {
  readonly server: FastifyInstance
  /** the listener behind the certificate origin, where that is offered */
  readonly certificateServer: FastifyInstance | undefined
  /** the listener for fintechs with client certificates, where there is one */
  readonly mutualTlsServer: FastifyInstance | undefined
  /** the listener of the bank's desk, where there is one */
  readonly deskServer: FastifyInstance | undefined
  readonly clients: Clients
  readonly background: Background
  readonly readiness: Readiness
  /** for whoever watches; no customer and no fintech has any business there */
  readonly internalServer: FastifyInstance
}

export type CertificateParts = { readonly origin: CertificateOrigin; readonly verifier: Verifier }

export type MutualTlsParts = {
  readonly origin: CertificateOrigin
  /** by the authorities of `tls_client_auth`; undefined when the institution names none */
  readonly verifier: Verifier | undefined
}

export async function createApp(given: AppParts): Promise<App> {
  const parts: AppParts = { ...given, bank: measureBank(given.bank, given.metrics) }
  const { settings, institution, db, bank, secrets, clock, log, metrics, certificates, mutualTls } = parts
  const { publicUrl } = settings
  const sealed = { db, secrets, clock }
  const pairwiseKey = Buffer.from(await sealedSecret(sealed, 'pairwise-salt', unguessable), 'base64url')
  const jwks = readSigningKeys(await sealedSecret(sealed, 'signing-keys', makeSigningKeys))

  const clients = createClients({ db, clock })
  const consents = createConsents({ db, clock, pairwiseKey })
  const attemptsKey = Buffer.from(await sealedSecret(sealed, 'attempts-key', unguessable), 'base64url')
  const locks = createLocks({ db, clock, institution, key: attemptsKey })
  const signIns = createSignIns({
    db,
    clock,
    log,
    locks,
    consents,
    key: attemptsKey,
    engine: parts.riskEngine,
    rules: institution.rules.risk,
    https: publicUrl.startsWith('https:'),
  })
  const pins = createHeldPins({ bank, db, clock, log, keepFor: minutes(90) })
  const tickets = createTickets({ db, secrets, clock })
  const site: Site = {
    institution,
    words: wordsOf(institution),
    publicUrl,
    certificates: certificates ? (hasFreshHosts(certificates.origin) ? 'fresh-host' : 'fixed-host') : 'off',
  }
  const pages = createPages(site)
  const server = await createServer({
    settings,
    pages,
    log,
    metrics,
    cookieKeys: secrets.derive('journey-cookie'),
  })

  const refusals = createRefusals({ db, clock, clients, log })
  // In a demo whoever comes registers addresses: where strangers can come, this machine's own are not theirs to call.
  const isOnlyHere =
    settings.mode === 'demo' && [settings.host, new URL(publicUrl).hostname].every(isThisMachine)
  const reach = isOnlyHere ? 'loopback' : 'public'
  const provider = createProvider({
    publicUrl,
    mutualTls: mutualTls && { url: mutualTls.origin.url, hasAuthorities: mutualTls.verifier !== undefined },
    jwks,
    pairwiseKey,
    log,
    metrics,
    clock,
    consents,
    refusals,
    adapter: createAdapterFactory({ db, clock, clients, consents, publicUrl }),
    cookieKeys: secrets.derive('engine-cookies'),
    firstStep: nextStep({ client: { customerChooses: true } }),
    interactionLifetime: hours(25),
    reach,
    renderError: engineErrorPage(server, pages),
  })
  const finishing = { db, clock, bank, pins, consents, institution }

  handleFailures(server, pages)
  await publicFiles(server, institution)
  await server.register(helpRoutes, site)
  await server.register(formbody, { bodyLimit: 64 * 1024 })
  await mountProvider(server, {
    provider,
    publicUrl,
    onLostResume: async (request, reply) =>
      reply.redirect(`/journey/${encodeURIComponent(request.params.uid)}`, 303),
  })
  await server.register(journeyRoutes, {
    ...finishing,
    interactions: createInteractions(provider),
    clients,
    locks,
    signIns,
    tickets,
    pages,
    certificateAddress: certificates && ((uid: string) => certificateAddress(certificates.origin, uid)),
    subjectOf: (client: string, customer: string) => pairwiseSubject(pairwiseKey, client, customer),
  })
  await server.register(connectionsRoutes, {
    ...finishing,
    clients,
    locks,
    signIns,
    tickets,
    site,
    certificateAddress:
      certificates && ((visit: string) => certificateAddress(certificates.origin, `connections/${visit}`)),
  })
  const resourceParts = { ...parts, provider, clients, consents, refusals }
  await resources(server, { ...resourceParts, origin: publicUrl })
  const readiness = readinessOf({ db, clock, log })
  readinessRoutes(server, readiness)
  // Invented customers have no business in a bank's process, so it does not even load them.
  if (settings.mode === 'demo') {
    await server.register((await import('./web/gallery.ts')).galleryRoutes)
    const { developersRoutes } = await import('./developers/developers.ts')
    const readEvent = eventReader({ issuer: publicUrl, keys: jwks.keys })
    await server.register(developersRoutes, { ...parts, clients, consents, locks, refusals, readEvent })
  }

  const certificateServer =
    certificates && (await certificateListener({ ...parts, certificates, pages, site, tickets }))
  const mutualTlsServer = mutualTls && (await mutualTlsListener({ ...resourceParts, mutualTls, pages }))
  const deskServer =
    parts.desk && (await deskListener({ ...parts, entrance: parts.desk, clients, consents, locks }))
  const background = await createBackground({ ...parts, finishing, clients, jwks, reach })
  server.addHook('onClose', () => background.stop())
  readState({ db, clock, metrics, readiness, verifiers: verifiersOf(parts) })
  const internalServer = internalListener(metrics, readiness)
  return {
    server,
    certificateServer,
    mutualTlsServer,
    deskServer,
    internalServer,
    clients,
    background,
    readiness,
  }
}

/** Those who judge certificates, by whose they are. */
const verifiersOf = ({ certificates, mutualTls, desk }: AppParts): Readonly<Record<string, Verifier>> => ({
  ...(certificates ? { customers: certificates.verifier } : {}),
  ...(mutualTls?.verifier ? { fintechs: mutualTls.verifier } : {}),
  ...(desk?.kind === 'certificate' ? { staff: desk.verifier } : {}),
})
