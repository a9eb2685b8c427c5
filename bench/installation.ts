/**
 * The real program as it runs in production, under measurement: `node src/main.ts start` behind what plays the TLS proxy, on
 * SQLite or on a PostgreSQL that waits for the disk, with a bank over HTTPS. Nothing in the product knows that it is measured.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashClientSecret } from '../src/secrets.ts'
import { createClients } from '../src/store/clients.ts'
import { openDatabase } from '../src/store/open.ts'
import { authority, client, openWorkshop } from '../test/support/openssl.ts'
import { type Cluster, newDatabase, startPostgres } from '../test/support/postgres.ts'
import { type CrowdBank, openCrowdBank } from './bank.ts'
import { type Program, startProgram } from './program.ts'

export type Fintech = {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
}

export type Installation = {
  /** the issuer; nobody listens there: requests go to the processes, as from a proxy */
  readonly publicUrl: string
  readonly databaseUrl: string
  readonly fintech: Fintech
  /** the settings that every process gets */
  readonly environment: Readonly<Record<string, string>>
  readonly bank: CrowdBank
  /** undefined on SQLite */
  readonly cluster: Cluster | undefined
  /** those that were started and neither stopped nor killed */
  readonly running: () => readonly Program[]
  /** One more process; ready when it returns. @throws Error with what it logged when it does not get ready */
  readonly start: (environment?: Readonly<Record<string, string>>) => Promise<Program>
  readonly stop: () => Promise<void>
}

export type InstallationOptions = {
  /** a cluster that somebody else started gives a database of its own */
  readonly database?: 'sqlite' | 'postgres' | Cluster
  /** how many are started at once */
  readonly processes?: number
  /** every so-manieth customer is asked the extra question */
  readonly asksEvery?: number
  /** more settings, and others than these */
  readonly environment?: Readonly<Record<string, string>>
  /** of Node */
  readonly flags?: readonly string[]
}

const root = join(import.meta.dirname, '..')
const publicUrl = 'https://login.bench.example'

export async function openInstallation({
  database = 'sqlite',
  processes = 1,
  environment = {},
  flags = [],
  ...crowd
}: InstallationOptions = {}): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-bench-'))
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const { tls, settings, removeKeys } = makeGatewayKeys(file)
  const own = database === 'postgres' ? await startPostgres({ durable: true }) : undefined
  const cluster = typeof database === 'object' ? database : own
  const databaseUrl = cluster ? await newDatabase(cluster.url) : `sqlite:${join(folder, 'ninka.db')}`
  const fintech = await registerFintech(databaseUrl)
  const bank = await openCrowdBank({ tls, ...crowd })
  const programs = new Set<Program>()
  const usual = {
    PUBLIC_URL: publicUrl,
    DATABASE_URL: databaseUrl,
    DATA_DIR: folder,
    MASTER_KEY_FILE: file('master.key', `${randomBytes(32).toString('base64')}\n`),
    INSTITUTION_FILE: join(root, 'src', 'demo', 'institution.json'),
    TRUSTED_PROXIES: '127.0.0.1',
    // Nobody shares requests out here who would have to be warned.
    STOP_AFTER_SECONDS: '0',
    BANK: bank.url,
    ...asDeployed(),
    ...settings,
    ...environment,
  }
  let started = 0

  const installation: Installation = {
    publicUrl,
    databaseUrl,
    fintech,
    environment: usual,
    bank,
    cluster,
    running: () => [...programs].filter((one) => one.isRunning()),
    async start(others = {}) {
      started += 1
      const dataDir = join(folder, `process-${started}`)
      mkdirSync(dataDir)
      const program = await startProgram({
        arguments: [...flags, join(root, 'src', 'main.ts'), 'start'],
        environment: { ...usual, DATA_DIR: dataDir, ...others },
        log: join(dataDir, 'log'),
      })
      programs.add(program)
      return program
    },
    async stop() {
      await Promise.all(installation.running().map((one) => one.stop()))
      await bank.close()
      await own?.stop()
      removeKeys()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    for (let n = 0; n < processes; n += 1) await installation.start()
  } catch (error) {
    await installation.stop()
    throw error
  }
  return installation
}

/** What deploy/ninka.service tells Node and its allocator; what Node has compiled stays from one run to the next. */
function asDeployed(): Record<string, string> {
  const unit = readFileSync(join(root, 'deploy', 'ninka.service'), 'utf8')
  const told = Object.fromEntries(
    [...unit.matchAll(/^Environment="?((?:NODE|MALLOC)_\w+)=([^"\n]*)/gm)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  )
  return { ...told, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'ninka') }
}

/** The fintech whose customers come: as a bank's staff register one. */
async function registerFintech(databaseUrl: string): Promise<Fintech> {
  const [clientId, clientSecret] = ['bench-books', randomBytes(32).toString('base64url')]
  const redirectUri = 'https://books.bench.example/callback'
  const db = await openDatabase(databaseUrl)
  await createClients({ db, clock: () => Date.now() }).put({
    id: clientId,
    serviceName: 'みほん会計',
    companyName: 'みほん会計株式会社',
    registrationNumber: '関東財務局長（電代）第001号（見本）',
    contact: '0120-000-222（平日 9:00〜17:00）',
    liabilityUrl: 'https://books.bench.example/liability',
    termsUrl: 'https://books.bench.example/terms',
    termsVersion: '2026-01-01',
    privacyUrl: 'https://books.bench.example/privacy',
    customerChooses: true,
    scopes: ['balances', 'transactions'],
    consentDays: 90,
    redirectUris: [redirectUri],
    authentication: { method: 'client_secret_basic', secretHash: hashClientSecret(clientSecret) },
  })
  await db.destroy()
  return { clientId, clientSecret, redirectUri }
}

/** What the gateway and we know each other by. */
function makeGatewayKeys(file: (name: string, content: string) => string) {
  const { issue, remove } = openWorkshop()
  const root = issue({ subject: '/CN=bench authority', extensions: authority })
  const gateway = issue({
    subject: '/CN=localhost',
    issuer: root,
    extensions: ['subjectAltName=DNS:localhost', 'extendedKeyUsage=serverAuth'],
  })
  const ours = issue({ subject: '/CN=ninka', issuer: root, extensions: client })
  return {
    tls: { cert: gateway.pem, key: readFileSync(gateway.key, 'utf8'), ca: root.pem },
    settings: {
      BANK_CERTIFICATE_FILE: file('bank-client.pem', ours.pem),
      BANK_KEY_FILE: file('bank-client.key', readFileSync(ours.key, 'utf8')),
      BANK_AUTHORITIES_FILE: file('bank-authorities.pem', root.pem),
    },
    removeKeys: remove,
  }
}
