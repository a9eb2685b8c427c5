/** The operator's command line: `npm run ninka -- <command>`. Reads the same environment as the service, and sets the exit status. */
import { existsSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createHttpBank } from './bank/http/bank.ts'
import { readGateway } from './bank/http/gateway.ts'
import { createTickets } from './certificate/tickets.ts'
import { systemClock } from './clock.ts'
import { demoRules } from './demo/certificates.ts'
import { readInstitution } from './institution.ts'
import { createLog } from './log.ts'
import type { CommandParts } from './operator/commands/command.ts'
import { runCommand } from './operator/commands/run.ts'
import { examine, line } from './operator/doctor.ts'
import { certificatesIn } from './operator/inside.ts'
import { createProbe } from './operator/probe.ts'
import { createSecrets, readMasterKeys, readSecret } from './secrets.ts'
import { sealEvery } from './sealer.ts'
import { readSettings, type Settings } from './settings.ts'
import { inspectDatabase } from './store/open.ts'

const doctorUsage = `usage: npm run ninka -- doctor [--json] [--connect host[:port]] [--ca file]

doctor looks at the installation that the environment describes, from inside
and through its proxy, and says one line for each thing it looked at.
  --json            one JSON array instead
  --connect h[:p]   connect there instead of to the names in PUBLIC_URL and
                    CERTIFICATE_URL, for a service whose names nobody knows yet;
                    without a port to that of each
  --ca file         also trust these authorities (PEM) for the proxy's certificate

It ends with 0 when nothing failed, 1 when something did, 2 when it could not start.`

const institutionOf = ({ institutionFile }: Settings) =>
  readInstitution(institutionFile ?? join(import.meta.dirname, 'demo', 'institution.json'))

const secretsOf = ({ masterKeyFile }: Settings) =>
  createSecrets(readMasterKeys(masterKeyFile, { create: false }))

const databaseOf = ({ databaseUrl, databasePasswordFile }: Settings) =>
  inspectDatabase(databaseUrl, { password: databasePasswordFile && readSecret(databasePasswordFile) })

async function doctor(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean' },
      connect: { type: 'string' },
      ca: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(`${doctorUsage}\n`)
    return 0
  }
  const settings = readSettings({ NINKA_MODE: 'production', ...process.env })
  const read = institutionOf(settings)
  const made = join(settings.dataDir, 'certificates')
  const certificates = settings.mode === 'demo' && existsSync(made) ? demoRules(made) : undefined
  const institution = { ...read, certificates: read.certificates ?? certificates }
  const secrets = secretsOf(settings)
  const db = databaseOf(settings)
  const shared = { settings, clock: systemClock }
  const log = createLog({ level: 'silent' })
  const bank =
    settings.bank === 'simulator'
      ? undefined
      : createHttpBank({ gateway: readGateway(settings.bank), clock: systemClock, log })
  const [host = '', port] = values.connect?.split(/:(?=\d+$)/) ?? []
  const findings = examine(
    {
      ...shared,
      institution,
      db,
      secrets,
      log,
      bank,
    },
    {
      ...shared,
      probe: createProbe({
        connectTo: values.connect ? { host, port: port === undefined ? undefined : Number(port) } : undefined,
        ca: values.ca ? readFileSync(values.ca, 'utf8') : undefined,
      }),
      tickets: createTickets({ db, secrets, clock: systemClock }),
      publicCertificate:
        institution.certificates && certificatesIn(institution.certificates.authorities)[0]?.raw,
    },
  )
  const all = []
  for await (const finding of findings) {
    all.push(finding)
    if (!values.json) process.stdout.write(`${line(finding)}\n`)
  }
  if (values.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`)
  await bank?.close()
  await db.destroy()
  return all.some(({ verdict }) => verdict === 'failure') ? 1 : 0
}

/** `-` is the input: whoever types a command as root has files that the service's user may not read. */
const readFile = (path: string): string => readFileSync(path === '-' ? 0 : path, 'utf8')

/** What the commands work on, from the environment that the service has. */
function open(): CommandParts {
  const settings = readSettings({ NINKA_MODE: 'production', ...process.env })
  const db = databaseOf(settings)
  return {
    settings,
    institution: () => institutionOf(settings),
    db,
    secrets: () => secretsOf(settings),
    clock: systemClock,
    readFile,
    wait: () => setTimeout(sealEvery * 4),
    close: () => db.destroy(),
  }
}

/** Whoever is logged in; an account without a name, as in a container, must say by --by who it is. */
function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

const main = async (args: readonly string[]): Promise<number> =>
  args[0] === 'doctor'
    ? doctor(args.slice(1))
    : runCommand(args, {
        out: (text) => process.stdout.write(text),
        err: (text) => process.stderr.write(text),
        user: userName(),
        clock: systemClock,
        readFile,
        open,
      })

// The bootstrap hands on the mode by which it was called.
main(process.argv.slice(process.argv[2] === 'ninka' ? 3 : 2)).then(
  (status) => {
    process.exitCode = status
  },
  (error: unknown) => {
    process.stderr.write(`ninka: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  },
)
