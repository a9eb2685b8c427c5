/** The process: reads the environment, starts what the mode asks for, and stops in good order. The only file that exits. */
import cluster from 'node:cluster'
import { join } from 'node:path'
import { createApp } from './app.ts'
import type { BankControls } from './bank/controls.ts'
import { createHttpBank } from './bank/http/bank.ts'
import { readGateway } from './bank/http/gateway.ts'
import type { Bank } from './bank/port.ts'
import { createSimulator } from './bank/simulator/simulator.ts'
import { createVerifier } from './certificate/verify.ts'
import { systemClock } from './clock.ts'
import { demoStaff } from './demo/staff.ts'
import { createDemo, demoMail } from './demo/demo.ts'
import {
  type DemoAuthority,
  demoAuthority,
  listenBehind,
  makeCertificates,
  type Started,
  startFintechs,
  startSimulatedBank,
} from './demo/processes.ts'
import { type Institution, readInstitution } from './institution.ts'
import { createLog, type Log } from './log.ts'
import { internalListener } from './metrics/listener.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import { answerPrimary, askWorkers } from './metrics/workers.ts'
import { sealEvery } from './sealer.ts'
import type { Entrance } from './operator/desk/entrance.ts'
import { currentStaff, readStaff } from './operator/desk/staff.ts'
import { certificateParts, loopback, mutualTlsParts } from './origins.ts'
import { placeName, type Ready, retire as retireMessage, startWorkers } from './processes.ts'
import { createSecrets, readMasterKeys, readSecret } from './secrets.ts'
import { deliverEvery } from './outbox/delivery.ts'
import type { MailSystem } from './outbox/notices.ts'
import { readSettings, type Settings, SettingsError } from './settings.ts'
import { followRequests, stopsWithin } from './stopping.ts'
import { type Database, openDatabase } from './store/open.ts'
import { sweepEvery } from './sweeper.ts'

/** What the first argument may say; without one it is `start`. */
const modes = {
  demo: (environment) => startServer(readSettings({ ...environment, NINKA_MODE: 'demo' })),
  start: (environment) => startServer(readSettings({ ...environment, NINKA_MODE: 'production' })),
  // The parts of a demo that is spread over several processes.
  async fintechs(environment) {
    const settings = readSettings({ ...environment, NINKA_MODE: 'demo' })
    return startFintechs(settings, await open(settings))
  },
  async bank(environment) {
    const settings = readSettings({ ...environment, NINKA_MODE: 'demo' })
    return startSimulatedBank(settings, await open(settings))
  },
  certificates: (environment) => makeCertificates(readSettings({ ...environment, NINKA_MODE: 'demo' })),
} as const satisfies Record<string, (environment: NodeJS.ProcessEnv) => Promise<Started>>

function startServer(settings: Settings): Promise<Started> {
  const log = createLog({ level: settings.logLevel })
  if (settings.processes === 1) return startProcess(settings, log, { isFirst: true })
  return cluster.isPrimary
    ? startPrimary(settings, log)
    : startProcess(settings, log, { isFirst: process.env[placeName] === '1' })
}

/** What is needed once is made before there are several who would make it. */
async function startPrimary(settings: Settings, log: Log): Promise<Started> {
  const demo = settings.mode === 'demo'
  readMasterKeys(settings.masterKeyFile, { create: demo })
  if (demo) await demoAuthority(settings)
  const db = await open(settings)
  await db.destroy()
  const within = stopsWithin(settings.stopAfter)
  const { said, stop, replaceAll, serving } = await startWorkers({
    count: settings.processes,
    log,
    stopsWithin: within,
  })
  const workers = askWorkers(serving)
  const watched = internalListener(workers, workers)
  if (settings.metrics) await watched.listen(settings.metrics)
  const stopAll = async (): Promise<void> => {
    await stop()
    await watched.close()
  }
  // A worker that does not end by then is killed, and that takes its moment.
  return { said, stop: stopAll, stopsWithin: within + 1000, replace: replaceAll }
}

/** @param options whether the demo's own fronts and fintechs are this process's */
async function startProcess(
  settings: Settings,
  log: Log,
  { isFirst }: { readonly isFirst: boolean },
): Promise<Started> {
  const demo = settings.mode === 'demo'
  const metrics = createMetrics(settings.processes === 1 ? {} : { process: process.env[placeName] ?? '' })
  metrics.watchProcess()
  const secrets = createSecrets(readMasterKeys(settings.masterKeyFile, { create: demo }))
  const demoCertificates = demo ? await demoAuthority(settings) : undefined
  const institution = institutionOf(settings, demoCertificates)
  const db = await open(settings)
  const { bank, bankControls, resetBank, closeBank } = await bankOf(settings, { db, log, metrics })
  const certificates = await certificateParts(settings, institution, { log, secrets })
  const mutualTls = await mutualTlsParts(settings, institution, { log, secrets })
  const app = await createApp({
    settings,
    institution,
    db,
    bank,
    bankControls,
    secrets,
    clock: systemClock,
    log,
    metrics,
    certificates,
    mutualTls,
    desk: await deskEntrance(settings, log),
    sweepEvery,
    sealEvery,
    deliverEvery,
    mail: mailSystem(settings) ?? (await demoMail({ settings, db, secrets, clock: systemClock })),
  })
  const { server, certificateServer, mutualTlsServer, deskServer, internalServer, clients, readiness } = app
  const servers = [server, certificateServer, mutualTlsServer, deskServer].filter((one) => one !== undefined)
  const requests = followRequests({ servers: servers.map((one) => one.server), readiness, log })
  if (cluster.isWorker) answerPrimary(metrics, readiness)
  else if (settings.metrics) await internalServer.listen(settings.metrics)
  await server.listen({ host: settings.host, port: settings.port })
  const frontCertificates = isFirst ? demoCertificates : undefined
  const fronts = await Promise.all([
    listenBehind(settings, frontCertificates, {
      at: settings.certificate,
      server: certificateServer,
      origin: certificates?.origin,
    }),
    listenBehind(settings, frontCertificates, {
      at: settings.mutualTls,
      server: mutualTlsServer,
      origin: mutualTls?.origin,
    }),
  ])
  // Where anybody may choose who he is, nobody but this machine's own user may ask.
  const deskHost = settings.operator?.staff ? settings.host : loopback
  await deskServer?.listen({ host: deskHost, port: settings.operator?.port ?? 0 })
  const fintechs =
    demo && isFirst && !settings.fintechsElsewhere
      ? await createDemo({
          settings,
          clients,
          db,
          secrets,
          clock: systemClock,
          resetBank,
        })
      : undefined
  readiness.open()
  const stop = async (after: number): Promise<void> => {
    await requests.end(after)
    await fintechs?.close()
    for (const front of fronts) await front?.close()
    for (const one of servers.toReversed()) await one.close()
    // Last, so that whoever watches sees the others end.
    await internalServer.close()
    await closeBank()
    await db.destroy()
    log.info({ event: 'stopped' }, 'everything is closed')
  }
  return {
    said: `ready: open ${demo ? settings.fintechUrl : settings.publicUrl}`,
    stop: () => stop(settings.stopAfter),
    stopsWithin: stopsWithin(settings.stopAfter),
    // Whoever keeps a connection needs a moment to see that it ends.
    retire: () => stop(1000),
  }
}

type BankParts = {
  readonly bank: Bank
  /** only the simulated bank lets itself be changed */
  readonly bankControls: BankControls | undefined
  readonly resetBank: () => Promise<void>
  readonly closeBank: () => Promise<void>
}

/** @throws Error when a file that the gateway needs does not serve */
async function bankOf(
  { bank: gateway }: Settings,
  { db, log, metrics }: { db: Database; log: Log; metrics: Metrics },
): Promise<BankParts> {
  if (gateway === 'simulator') {
    const bank = await createSimulator({ db, clock: systemClock })
    return { bank, bankControls: bank, resetBank: () => bank.reset(), closeBank: async () => {} }
  }
  const bank = createHttpBank({ gateway: readGateway(gateway), clock: systemClock, log })
  metrics.onRead(() => metrics.bankNotAsked({}, bank.isAsked() ? 0 : 1))
  // A bank elsewhere is not ours to put back.
  return { bank, bankControls: undefined, resetBank: async () => {}, closeBank: () => bank.close() }
}

const open = ({ databaseUrl, databasePasswordFile, databaseConnections: connections }: Settings) =>
  openDatabase(databaseUrl, {
    connections,
    password: databasePasswordFile ? readSecret(databasePasswordFile) : undefined,
  })

function institutionOf(settings: Settings, demoCertificates: DemoAuthority | undefined): Institution {
  const file = settings.institutionFile ?? join(import.meta.dirname, 'demo', 'institution.json')
  const institution = readInstitution(file)
  return {
    ...institution,
    certificates: institution.certificates ?? demoCertificates?.rules,
    fintechCertificates: institution.fintechCertificates ?? demoCertificates?.fintechRules,
  }
}

const mailSystem = ({ notices }: Settings): MailSystem | undefined =>
  notices && { url: notices.url, secret: readSecret(notices.secretFile) }

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
  const { said, stop, stopsWithin: within = 4000, retire, replace } = await modes[mode](process.env)
  let ending = false
  const end = (how: () => Promise<void>): void => {
    if (ending) return
    ending = true
    // What has not ended by then would keep a restart waiting.
    setTimeout(() => process.exit(1), within).unref()
    void how().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(stop))
  if (replace) process.on('SIGHUP', () => void replace())
  // A terminal tells the whole group; in a worker only the primary's word counts.
  if (cluster.isWorker) process.on('SIGHUP', () => undefined)
  if (retire) process.on('message', (message) => message === retireMessage && end(retire))
  if (process.send) process.send({ ready: said } satisfies Ready)
  else process.stdout.write(`${said}\n`)
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
