/** The real application with the simulated bank, on an empty database: what every app-level test stands on. */
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { join } from 'node:path'
import { type CertificateParts, createApp, type MutualTlsParts } from '../../src/app.ts'
import type { Bank } from '../../src/bank/port.ts'
import { createSimulator, type Simulator } from '../../src/bank/simulator/simulator.ts'
import { createTickets, type CertificateTickets } from '../../src/certificate/tickets.ts'
import { registerDemoClients } from '../../src/demo/demo.ts'
import { type Institution, readInstitution } from '../../src/institution.ts'
import { createLog } from '../../src/log.ts'
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts'
import type { RiskEngine } from '../../src/risk/assess.ts'
import type { Entrance } from '../../src/operator/desk/entrance.ts'
import { createSecrets } from '../../src/secrets.ts'
import { readSettings, type Settings } from '../../src/settings.ts'
import type { Readiness } from '../../src/readiness.ts'
import { makeSigningKeys } from '../../src/provider/keys.ts'
import type { Clients } from '../../src/store/clients.ts'
import type { Changes } from '../../src/store/migrate.ts'
import { type Database, migrations, openDatabase } from '../../src/store/open.ts'
import { sealedSecret } from '../../src/store/sealed-secrets.ts'
import type { Sealer } from '../../src/sealer.ts'
import type { Delivery } from '../../src/outbox/delivery.ts'
import type { MailSystem } from '../../src/outbox/notices.ts'
import type { Sweeper } from '../../src/sweeper.ts'
import { freshDatabase } from './database.ts'

export type TestBank = {
  readonly server: FastifyInstance
  readonly certificateServer: FastifyInstance | undefined
  readonly mutualTlsServer: FastifyInstance | undefined
  readonly deskServer: FastifyInstance | undefined
  readonly internalServer: FastifyInstance
  readonly metrics: Metrics
  readonly settings: Settings
  readonly db: Database
  readonly simulator: Simulator
  readonly sweeper: Sweeper
  readonly sealer: Sealer
  readonly outbox: Delivery
  readonly readiness: Readiness
  readonly clients: Clients
  readonly tickets: CertificateTickets
  readonly secrets: ReturnType<typeof createSecrets>
  readonly fintechs: Awaited<ReturnType<typeof registerDemoClients>>
  /** every line the server logged */
  readonly logged: readonly string[]
  readonly close: () => Promise<void>
}

export type TestBankOptions = {
  /** puts something between the server and the simulated bank, for example one that fails */
  readonly wrapBank?: (bank: Bank) => Bank
  readonly environment?: Record<string, string>
  readonly databaseUrl?: string
  /** of the tables: this version's unless given */
  readonly changes?: Changes
  /** sign-in by client certificate; off unless given */
  readonly certificates?: CertificateParts
  /** where fintechs call with client certificates; nowhere unless given */
  readonly mutualTls?: MutualTlsParts
  /** the desk of the bank's staff; none unless given */
  readonly desk?: Entrance
  /** the same key for two processes on one database */
  readonly masterKey?: Buffer
  /** the lines of the master key file, newest first, while it is changed */
  readonly masterKeys?: readonly [Buffer, ...Buffer[]]
  /** the bank's mail system; none unless given */
  readonly mail?: MailSystem
  /** the bank's own rules for 追加認証; ours unless given */
  readonly riskEngine?: RiskEngine
  readonly institution?: (institution: Institution) => Institution
}

/** Made once for all banks of a test process: an RSA key costs more than all the rest of a bank's start. */
const signingKeys = makeSigningKeys()

export async function startBank(options: TestBankOptions = {}): Promise<TestBank> {
  const settings = readSettings({ NINKA_MODE: 'demo', LOG_LEVEL: 'debug', ...options.environment })
  const logged: string[] = []
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString())
      done()
    },
  })
  const log = createLog({ level: settings.logLevel, destination })
  const db = await openDatabase(
    options.databaseUrl ?? (await freshDatabase()),
    undefined,
    options.changes ?? migrations,
  )
  const clock = () => Date.now()
  const simulator = await createSimulator({ db, clock })
  const secrets = createSecrets(options.masterKeys ?? [options.masterKey ?? randomBytes(32)])
  await sealedSecret({ db, secrets, clock }, 'signing-keys', () => signingKeys)
  const institution = readInstitution(join(import.meta.dirname, '../../src/demo/institution.json'))
  const metrics = createMetrics()
  const app = await createApp({
    settings,
    institution: options.institution?.(institution) ?? institution,
    db,
    bank: options.wrapBank?.(simulator) ?? simulator,
    bankControls: settings.mode === 'demo' ? simulator : undefined,
    secrets,
    clock,
    log,
    metrics,
    certificates: options.certificates,
    mutualTls: options.mutualTls,
    desk: options.desk,
    sweepEvery: 0,
    sealEvery: 0,
    deliverEvery: 0,
    mail: options.mail,
    riskEngine: options.riskEngine,
  })
  const {
    server,
    certificateServer,
    mutualTlsServer,
    deskServer,
    internalServer,
    clients,
    background,
    readiness,
  } = app
  const fintechs = await registerDemoClients({ settings, clients, db, secrets, clock })
  await server.ready()
  await certificateServer?.ready()
  await mutualTlsServer?.ready()
  await deskServer?.ready()
  await internalServer.ready()
  return {
    server,
    certificateServer,
    mutualTlsServer,
    deskServer,
    internalServer,
    metrics,
    settings,
    db,
    simulator,
    sweeper: background.sweeper,
    sealer: background.sealer,
    outbox: background.outbox,
    readiness,
    clients,
    tickets: createTickets({ db, secrets, clock }),
    secrets,
    fintechs,
    logged,
    async close() {
      await server.close()
      await certificateServer?.close()
      await mutualTlsServer?.close()
      await deskServer?.close()
      await internalServer.close()
      await db.destroy()
    },
  }
}

/** The bank with some of its calls replaced. They are looked up at every call, so a test may change them on the way. */
export const withCalls = (real: Bank, replaced: () => Partial<Bank>): Bank =>
  new Proxy(real, { get: (target, name: keyof Bank) => replaced()[name] ?? target[name].bind(target) })

/** A call that the bank cannot answer now. */
export const unavailable = async () => ({ ok: false, reason: 'unavailable' }) as const

/** PINs are committed, and then the process is killed. */
export const killedAfterCommit = (simulator: Simulator): Pick<Bank, 'commitPins'> => ({
  async commitPins(who) {
    await simulator.commitPins(who)
    throw new Error('the process was killed here')
  },
})
