/** The parts of the demo as processes: the fintechs alone, the certificates alone, and the authority and TLS front within the bank's own. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { serveBank } from '../bank/served.ts'
import { createSimulator } from '../bank/simulator/simulator.ts'
import type { CertificateOrigin } from '../certificate/origin.ts'
import { systemClock } from '../clock.ts'
import type { CertificateRules } from '../institution.ts'
import { loopback } from '../origins.ts'
import { createSecrets, readMasterKeys } from '../secrets.ts'
import type { CertificateSettings, MutualTlsSettings, Settings } from '../settings.ts'
import { createClients } from '../store/clients.ts'
import type { Database } from '../store/open.ts'
import { type DemoCertificates, prepareDemoCertificates } from './certificates.ts'
import { createDemo } from './demo.ts'
import { prepareFintechCertificates } from './fintech-certificates.ts'
import { startTlsFront } from './tls-front.ts'

export type Started = {
  readonly said: string
  readonly stop: () => Promise<void>
  /** ms that it may take */
  readonly stopsWithin?: number
  /** another process has taken over: nobody has to be warned */
  readonly retire?: () => Promise<void>
  /** workers are replaced one after the other */
  readonly replace?: () => Promise<void>
}

/** The demo fintechs alone, for a demo whose bank runs in other processes. */
export async function startFintechs(settings: Settings, db: Database): Promise<Started> {
  const secrets = createSecrets(readMasterKeys(settings.masterKeyFile, { create: true }))
  const bank = await createSimulator({ db, clock: systemClock })
  const clients = createClients({ db, clock: systemClock })
  const fintechs = await createDemo({
    settings,
    clients,
    db,
    secrets,
    clock: systemClock,
    resetBank: () => bank.reset(),
  })
  return {
    said: `ready: open ${settings.fintechUrl}`,
    async stop() {
      await fintechs.close()
      await db.destroy()
    },
  }
}

/** The simulated bank alone, behind the contract that a real bank's gateway keeps, and on this machine only. */
export async function startSimulatedBank({ port }: Settings, db: Database): Promise<Started> {
  const bank = await createSimulator({ db, clock: systemClock })
  const server = serveBank({ bank, clock: systemClock })
  const url = await server.listen({ host: loopback, port: port + 6 })
  return {
    said: `ready: the bank is BANK=${url}`,
    async stop() {
      await server.close()
      await db.destroy()
    },
  }
}

/** Makes the demo's certificates and ends, so that a proxy finds its own when it starts. */
export async function makeCertificates(settings: Settings): Promise<Started> {
  const { folder } = await demoAuthority(settings)
  return { said: `ready: certificates in ${folder}`, stop: async () => {} }
}

export type DemoAuthority = DemoCertificates & { readonly fintechRules: CertificateRules }

/** The demo's own authorities with a certificate for every case, under DATA_DIR, and one for the servers' names. */
export async function demoAuthority({
  dataDir,
  publicUrl,
  certificate,
  mutualTls,
}: Settings): Promise<DemoAuthority> {
  const named = [publicUrl, certificate?.url ?? '', mutualTls?.url ?? ''].map((url) =>
    url.replace(/^https?:\/\//, '').replace(/:\d+$/, ''),
  )
  const certificates = await prepareDemoCertificates({
    folder: join(dataDir, 'certificates'),
    clock: systemClock,
    hosts: [...new Set(['localhost', '*.cert.localhost', ...named])].filter(Boolean),
  })
  return { ...certificates, fintechRules: await prepareFintechCertificates({ dataDir, clock: systemClock }) }
}

type Behind = {
  readonly at: CertificateSettings | MutualTlsSettings | undefined
  readonly server: FastifyInstance | undefined
  readonly origin: CertificateOrigin | undefined
}

/** A listener behind a proxy; where no proxy stands before it, behind the demo's own TLS front. */
export async function listenBehind(
  { host }: Settings,
  /** undefined where the front is another process's */
  demoCertificates: DemoCertificates | undefined,
  { at, server, origin }: Behind,
): Promise<{ close: () => Promise<void> } | undefined> {
  if (!at || !server) return undefined
  const { port, frontPort } = at
  // Behind the demo's own front nobody but it has a business here.
  await server.listen({ host: frontPort === undefined ? host : loopback, port })
  if (!demoCertificates || frontPort === undefined || !origin?.secret) return undefined
  const { certFile, keyFile } = demoCertificates.server
  return startTlsFront({
    host,
    port: frontPort,
    certFile,
    keyFile,
    upstream: { host: loopback, port: (server.server.address() as AddressInfo).port },
    secret: origin.secret,
  })
}
