/** The process: reads the environment, starts what the mode asks for, and stops in good order. The only file that exits. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type CertificateParts, createApp, type MutualTlsParts } from './app.ts'
import { createSimulator } from './bank/simulator/simulator.ts'
import type { CertificateOrigin } from './certificate/origin.ts'
import { createVerifier } from './certificate/verify.ts'
import { systemClock } from './clock.ts'
import { type DemoCertificates, prepareDemoCertificates } from './demo/certificates.ts'
import { demoStaff } from './demo/staff.ts'
import { createDemo, demoMail } from './demo/demo.ts'
import { startTlsFront } from './demo/tls-front.ts'
import { type Institution, readInstitution } from './institution.ts'
import { createLog, type Log } from './log.ts'
import { sealEvery } from './sealer.ts'
import type { Entrance } from './operator/desk/entrance.ts'
import { currentStaff, readStaff } from './operator/desk/staff.ts'
import { createSecrets, readMasterKeys, readSecret, unguessable } from './secrets.ts'
import { deliverEvery } from './outbox/delivery.ts'
import type { MailSystem } from './outbox/notices.ts'
import {
  type CertificateSettings,
  type MutualTlsSettings,
  readSettings,
  type Settings,
  SettingsError,
} from './settings.ts'
import { createClients } from './store/clients.ts'
import { openDatabase } from './store/open.ts'
import { sweepEvery } from './sweeper.ts'

const loopback = '127.0.0.1'

type Started = { readonly said: string; readonly stop: () => Promise<void> }

/** What the first argument may say; without one it is `start`. */
const modes = {
  demo: (environment) => startServer(readSettings({ ...environment, NINKA_MODE: 'demo' })),
  start: (environment) => startServer(readSettings({ ...environment, NINKA_MODE: 'production' })),
  // The parts of a demo that is spread over several processes.
  fintechs: (environment) => startFintechs(readSettings({ ...environment, NINKA_MODE: 'demo' })),
  certificates: (environment) => makeCertificates(readSettings({ ...environment, NINKA_MODE: 'demo' })),
} as const satisfies Record<string, (environment: NodeJS.ProcessEnv) => Promise<Started>>

async function startServer(settings: Settings): Promise<Started> {
  const demo = settings.mode === 'demo'
  if (settings.bank !== 'simulator')
    throw new SettingsError('BANK: only the simulated bank is there in this version')
  const log = createLog({ level: settings.logLevel })
  const secrets = createSecrets(readMasterKeys(settings.masterKeyFile, { create: demo }))
  const demoCertificates = demo ? await demoAuthority(settings) : undefined
  const institution = institutionOf(settings, demoCertificates)
  const db = await open(settings)
  const bank = await createSimulator({ db, clock: systemClock })
  const certificates = await certificateParts(settings, institution, log)
  const mutualTls = await mutualTlsParts(settings, institution, log)
  const { server, certificateServer, mutualTlsServer, deskServer, clients } = await createApp({
    settings,
    institution,
    db,
    bank,
    secrets,
    clock: systemClock,
    log,
    certificates,
    mutualTls,
    desk: await deskEntrance(settings, log),
    sweepEvery,
    sealEvery,
    deliverEvery,
    mail: mailSystem(settings) ?? (await demoMail({ settings, db, secrets, clock: systemClock })),
  })
  await server.listen({ host: settings.host, port: settings.port })
  const fronts = await Promise.all([
    listenBehind(settings, demoCertificates, {
      at: settings.certificate,
      server: certificateServer,
      origin: certificates?.origin,
    }),
    listenBehind(settings, demoCertificates, {
      at: settings.mutualTls,
      server: mutualTlsServer,
      origin: mutualTls?.origin,
    }),
  ])
  // Where anybody may choose who he is, nobody but this machine's own user may ask.
  const deskHost = settings.operator?.staff ? settings.host : loopback
  await deskServer?.listen({ host: deskHost, port: settings.operator?.port ?? 0 })
  const fintechs =
    demo && !settings.fintechsElsewhere
      ? await createDemo({
          settings,
          clients,
          db,
          secrets,
          clock: systemClock,
          resetBank: () => bank.reset(),
        })
      : undefined
  return {
    said: `ready: open ${demo ? settings.fintechUrl : settings.publicUrl}`,
    async stop() {
      await fintechs?.close()
      for (const front of fronts) await front?.close()
      await certificateServer?.close()
      await mutualTlsServer?.close()
      await deskServer?.close()
      await server.close()
      await db.destroy()
    },
  }
}

/** The demo fintechs alone, for a demo whose bank runs in other processes. */
async function startFintechs(settings: Settings): Promise<Started> {
  const secrets = createSecrets(readMasterKeys(settings.masterKeyFile, { create: true }))
  const db = await open(settings)
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

/** Makes the demo's certificates and ends, so that a proxy finds its own when it starts. */
async function makeCertificates(settings: Settings): Promise<Started> {
  const { folder } = await demoAuthority(settings)
  return { said: `ready: certificates in ${folder}`, stop: async () => {} }
}

const open = ({ databaseUrl, databasePasswordFile }: Settings) =>
  openDatabase(databaseUrl, databasePasswordFile ? readSecret(databasePasswordFile) : undefined)

/** The demo's own authority with a certificate for every case, under DATA_DIR, and one for the servers' names. */
function demoAuthority({ dataDir, publicUrl, certificate, mutualTls }: Settings): Promise<DemoCertificates> {
  const named = [publicUrl, certificate?.url ?? '', mutualTls?.url ?? ''].map((url) =>
    url.replace(/^https?:\/\//, '').replace(/:\d+$/, ''),
  )
  return prepareDemoCertificates({
    folder: join(dataDir, 'certificates'),
    clock: systemClock,
    hosts: [...new Set(['localhost', '*.cert.localhost', ...named])].filter(Boolean),
  })
}

type Behind = {
  readonly at: CertificateSettings | MutualTlsSettings | undefined
  readonly server: FastifyInstance | undefined
  readonly origin: CertificateOrigin | undefined
}

/** A listener behind a proxy; where no proxy stands before it, behind the demo's own TLS front. */
async function listenBehind(
  { host }: Settings,
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

function institutionOf(settings: Settings, demoCertificates: DemoCertificates | undefined): Institution {
  const file = settings.institutionFile ?? join(import.meta.dirname, 'demo', 'institution.json')
  const institution = readInstitution(file)
  return { ...institution, certificates: institution.certificates ?? demoCertificates?.rules }
}

const mailSystem = ({ notices }: Settings): MailSystem | undefined =>
  notices && { url: notices.url, secret: readSecret(notices.secretFile) }

/** @throws SettingsError when certificates are asked for and nobody says whose count */
async function certificateParts(
  { certificate, trustedProxies, proxySecretFile }: Settings,
  { certificates: rules }: Institution,
  log: Log,
): Promise<CertificateParts | undefined> {
  if (!certificate) return undefined
  if (!rules)
    throw new SettingsError('INSTITUTION_FILE: CERTIFICATE_URL is set, but the file has no "certificates"')
  const origin = originOf(certificate, { trustedProxies, proxySecretFile })
  return { origin, verifier: await createVerifier({ rules, clock: systemClock, log }) }
}

async function mutualTlsParts(
  { mutualTls, ...settings }: Settings,
  { fintechCertificates: rules }: Institution,
  log: Log,
): Promise<MutualTlsParts | undefined> {
  if (!mutualTls) return undefined
  return {
    origin: originOf(mutualTls, settings),
    verifier: rules && (await createVerifier({ rules, clock: systemClock, log })),
  }
}

/** Who forwards certificates to this origin, and how: a proxy, or the demo's own front. */
function originOf(
  { url, format, frontPort }: CertificateSettings | MutualTlsSettings,
  { trustedProxies, proxySecretFile }: Pick<Settings, 'trustedProxies' | 'proxySecretFile'>,
): CertificateOrigin {
  return frontPort === undefined
    ? { url, format, trustedProxies, secret: proxySecretFile ? readSecret(proxySecretFile) : undefined }
    : { url, format, trustedProxies: [loopback], secret: unguessable() }
}

/** @throws Error when the staff file or its authorities do not serve */
async function deskEntrance(
  { operator, trustedProxies, proxySecretFile }: Settings,
  log: Log,
): Promise<Entrance | undefined> {
  if (!operator) return undefined
  const { url, staff } = operator
  if (!staff) return { kind: 'demo', url, members: demoStaff }
  const { rules } = readStaff(staff.file)
  const secret = proxySecretFile ? readSecret(proxySecretFile) : undefined
  return {
    kind: 'certificate',
    origin: { url, format: staff.format, trustedProxies, secret },
    verifier: await createVerifier({ rules, clock: systemClock, log }),
    staff: currentStaff(staff.file, log),
  }
}

async function main(): Promise<void> {
  const mode = process.argv[2] ?? 'start'
  if (!isMode(mode))
    throw new SettingsError(`the first argument must be one of ${Object.keys(modes).join(', ')}`)
  const { said, stop } = await modes[mode](process.env)
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      // What has not ended by then would keep a restart waiting.
      setTimeout(() => process.exit(1), 4000).unref()
      void stop().then(
        () => process.exit(0),
        () => process.exit(1),
      )
    })
  }
  process.stdout.write(`${said}\n`)
}

const isMode = (text: string): text is keyof typeof modes => Object.hasOwn(modes, text)

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    error instanceof SettingsError
      ? `These settings are not right:\n${message}\n`
      : `ninka could not start: ${message}\n`,
  )
  process.exit(1)
})
