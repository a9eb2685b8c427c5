/**
 * The services of docker-compose.yml run on this machine without Docker: command, environment, secrets, volumes, order and
 * health checks are the file's. What has to differ here is in `substitutions`, and nowhere else.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { freePort } from '../../e2e/demo.ts'
import { startPostgres } from './postgres.ts'
import {
  type Compose,
  copiesOf,
  dockerfileOf,
  linksOf,
  milliseconds,
  mountsOf,
  portsOf,
  publishedBy,
  root,
  type Service,
  temporaryOf,
  workdirOf,
} from './compose.ts'

export type Installation = {
  readonly services: readonly string[]
  readonly portOf: (service: string, port: number) => number
  /** where a path of the container lies on this machine */
  readonly pathOf: (service: string, path: string) => string
  readonly environmentOf: (service: string) => Readonly<Record<string, string>>
  /** runs the file's own check */
  readonly isHealthy: (service: string) => Promise<boolean>
  readonly kill: (service: string) => Promise<void>
  readonly logs: (service: string) => string
  /** @throws when a process does not end in good order */
  readonly stop: () => Promise<void>
}

/** What `docker compose up` does, in that order; it is up when every health check has passed. */
export async function startInstallation(compose: Compose): Promise<Installation> {
  const place = await prepare(compose)
  const started = new Map<string, Started>()
  const underWay = new Map<string, Promise<void>>()

  function up(name: string): Promise<void> {
    const promise = underWay.get(name) ?? bringUp(name)
    underWay.set(name, promise)
    return promise
  }

  async function bringUp(name: string): Promise<void> {
    const { depends_on: dependsOn, command, image, healthcheck } = place.serviceOf(name)
    await Promise.all(
      Object.entries(dependsOn).map(async ([other, { condition }]) => {
        await up(other)
        if (condition === 'service_completed_successfully') await completed(place, other, started.get(other))
      }),
    )
    if (command) started.set(name, startCommand(place, name, command))
    else if (image.startsWith('postgres:')) started.set(name, await startDatabase(place, name))
    else throw new Error(`how is ${name} started without Docker?`)
    if (healthcheck) await healthy(place, name, started.get(name))
  }

  async function stop(): Promise<void> {
    await Promise.allSettled(underWay.values())
    const failures: unknown[] = []
    // Whoever was started later depends on those before.
    for (const { stop: end } of [...started.values()].toReversed())
      await end().catch((error: unknown) => failures.push(error))
    rmSync(place.folder, { recursive: true, force: true })
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'))
  }

  try {
    await Promise.all(Object.keys(compose.services).map(up))
  } catch (error) {
    await stop().catch(() => undefined)
    throw error
  }
  return {
    services: [...started.keys()],
    portOf: place.portOf,
    pathOf: place.pathOf,
    environmentOf: (name) => environmentOf(place, name),
    isHealthy: (name) => isHealthy(place, name),
    async kill(name) {
      const { child, ended } = started.get(name) ?? {}
      started.delete(name)
      child?.kill('SIGKILL')
      await ended
    },
    logs: place.logs,
    stop,
  }
}

type Place = Awaited<ReturnType<typeof prepare>>

/** A folder for everything, with the secrets in it, and a free port for every one of the file. */
async function prepare(compose: Compose) {
  const { services } = compose
  const folder = mkdtempSync(join(tmpdir(), 'ninka-compose-'))
  for (const part of ['', 'containers', 'volumes']) {
    mkdirSync(join(folder, part), { recursive: true })
    // nginx runs as another user when the tests are root's
    chmodSync(join(folder, part), 0o755)
  }
  execFileSync('sh', ['-c', compose.secretsCommand], { cwd: folder, env: { PATH: process.env.PATH } })
  const ports = new Map<string, number>()
  for (const [name, service] of Object.entries(services))
    for (const port of portsOf(service)) ports.set(`${name}:${port}`, await freePort())
  const logFile = (name: string) => join(folder, `${name}.log`)
  return {
    compose,
    folder,
    ports,
    logFile,
    logs: (name: string) => (existsSync(logFile(name)) ? readFileSync(logFile(name), 'utf8') : ''),
    pathOf: (name: string, path: string) => join(folder, 'containers', name, path),
    volumeOf: (source: string) => join(folder, 'volumes', source),
    serviceOf(name: string): Service {
      const service = services[name]
      if (!service) throw new Error(`there is no service ${name}`)
      return service
    },
    portOf(name: string, port: number): number {
      const native = ports.get(`${name}:${port}`)
      if (native === undefined) throw new Error(`${name} has no port ${port}`)
      return native
    },
  }
}

/** Everything that is different here: ports are free ones, everybody is 127.0.0.1, and a container's root is a folder. */
function substitutions(place: Place, name: string): Map<string, string> {
  const { compose, serviceOf, portOf, pathOf } = place
  const service = serviceOf(name)
  const here = new Map([['0.0.0.0', '127.0.0.1']])
  for (const [other, otherService] of Object.entries(compose.services)) {
    for (const { published, target } of publishedBy(otherService))
      here.set(String(published), String(portOf(other, target)))
    for (const { ipv4_address: address } of Object.values(otherService.networks))
      if (address) here.set(address, '127.0.0.1')
    // A name means something only in a network that both are in.
    if (Object.keys(service.networks).some((network) => network in otherService.networks))
      for (const port of portsOf(otherService))
        here.set(`${other}:${port}`, `127.0.0.1:${portOf(other, port)}`)
  }
  for (const port of portsOf(service)) {
    here.set(String(port), String(portOf(name, port)))
    here.set(`listen ${port}`, `listen 127.0.0.1:${portOf(name, port)}`)
  }
  for (const path of pathsOf(compose, service)) here.set(path, pathOf(name, path))
  return here
}

/** Where the file puts something; any other path is as missing here as it would be there. */
function pathsOf(compose: Compose, service: Service): string[] {
  const dockerfile = dockerfileOf(compose, service)
  return [
    ...mountsOf(service).map(({ target }) => target),
    ...temporaryOf(service),
    ...service.secrets.map((secret) => `/run/secrets/${secret}`),
    ...linksOf(dockerfile).map(({ at }) => at),
    ...copiesOf(dockerfile).flatMap(({ to }) => (to.startsWith('/') ? [to] : [])),
  ]
}

function natively(place: Place, name: string, text: string): string {
  const here = substitutions(place, name)
  const longestFirst = [...here.keys()].toSorted((a, b) => b.length - a.length)
  const any = longestFirst.map((from) => from.replace(/[.*+?^$(){}|[\]\\]/g, '\\$&')).join('|')
  return text.replace(new RegExp(`(?<![\\w.-])(?:${any})(?![\\w.-])`, 'g'), (from) => here.get(from) ?? from)
}

const environmentOf = (place: Place, name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(place.serviceOf(name).environment).map(([key, value]) => [
      key,
      natively(place, name, value),
    ]),
  )

/** The image and what is mounted into it. */
function createContainer(place: Place, name: string): void {
  const { compose, folder, serviceOf, pathOf, volumeOf } = place
  const service = serviceOf(name)
  const dockerfile = dockerfileOf(compose, service)
  const at = (path: string) => {
    mkdirSync(dirname(pathOf(name, path)), { recursive: true })
    return pathOf(name, path)
  }
  for (const { from, to } of copiesOf(dockerfile)) {
    const file = at(resolve(workdirOf(dockerfile), to))
    if (from.endsWith('.conf'))
      writeFileSync(file, natively(place, name, readFileSync(join(root, from), 'utf8')))
    else cpSync(join(root, from), file, { recursive: true })
  }
  if (dockerfile.includes('npm ci --omit=dev --omit=optional'))
    productionPackages(at(join(workdirOf(dockerfile), 'node_modules')))
  for (const link of linksOf(dockerfile)) symlinkSync(pathOf(name, link.to), at(link.at))
  for (const path of temporaryOf(service)) mkdirSync(at(path), { recursive: true })
  for (const { source, target } of mountsOf(service)) {
    mkdirSync(volumeOf(source), { recursive: true })
    symlinkSync(volumeOf(source), at(target))
  }
  for (const secret of service.secrets)
    copyFileSync(join(folder, compose.secrets[secret]?.file ?? ''), at(`/run/secrets/${secret}`))
}

type Started = {
  /** of a process of ours; PostgreSQL belongs to its own support */
  readonly child?: ChildProcess
  readonly ended: Promise<void>
  readonly stop: () => Promise<void>
}

const programs = [dirname(process.execPath), process.env.PATH, '/usr/sbin', '/sbin'].join(':')

function startCommand(place: Place, name: string, command: readonly string[]): Started {
  const { compose, serviceOf, pathOf, volumeOf, logFile, logs } = place
  const service = serviceOf(name)
  createContainer(place, name)
  writeFileSync(logFile(name), '')
  const log = openSync(logFile(name), 'a')
  // As root, nginx would give up its rights for a user who may not read what is here.
  const nobody = name === 'proxy' && process.getuid?.() === 0
  if (nobody) {
    const volumes = mountsOf(service).map(({ source }) => volumeOf(source))
    execFileSync('chown', ['-Rh', '65534:65534', pathOf(name, '/'), logFile(name), ...volumes])
  }
  const [program = '', ...args] = [
    ...(nobody ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []),
    ...command.map((word) => natively(place, name, word)),
  ]
  const environment = environmentOf(place, name)
  const options = [environment.NODE_OPTIONS ?? '', nameService(place, name)].join(' ')
  const child = spawn(program, args, {
    cwd: pathOf(name, workdirOf(dockerfileOf(compose, service))),
    env: { PATH: programs, ...environment, NODE_OPTIONS: options },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<void>((done) => {
    child.once('exit', () => done())
    child.once('error', () => done())
  })
  return {
    child,
    ended,
    async stop() {
      child.kill((service.stop_signal ?? 'SIGTERM') as NodeJS.Signals)
      const late = setTimeout(kill, milliseconds(service.stop_grace_period))
      await ended
      clearTimeout(late)
      process.off('exit', kill)
      if (child.exitCode !== 0)
        throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}: ${logs(name)}`)
    },
  }
}

/**
 * The aliases of its networks, which Docker would resolve and this machine need not know: ninka.localhost, for the fintechs'
 * own calls. Every process of Node gets it; names with a port, and nginx, get addresses by `substitutions`.
 */
function nameService({ compose, folder, serviceOf }: Place, name: string): string {
  const names = Object.values(compose.services).flatMap((other) =>
    Object.entries(other.networks).flatMap(([network, { aliases }]) =>
      network in serviceOf(name).networks ? aliases : [],
    ),
  )
  const file = join(folder, `${name}-names.mjs`)
  writeFileSync(
    file,
    `import dns from 'node:dns'
const { lookup } = dns
dns.lookup = (name, ...rest) => lookup(${JSON.stringify(names)}.includes(name) ? '127.0.0.1' : name, ...rest)
`,
  )
  return `--import=${pathToFileURL(file).href}`
}

/** What the image's own entrypoint does with its environment: a user with a password, a database, nobody without. */
async function startDatabase(place: Place, name: string): Promise<Started> {
  createContainer(place, name)
  const { POSTGRES_USER = '', POSTGRES_DB = '', POSTGRES_PASSWORD_FILE = '' } = environmentOf(place, name)
  const password = readFileSync(POSTGRES_PASSWORD_FILE, 'utf8').trim()
  const cluster = await startPostgres()
  const client = new pg.Client({ connectionString: cluster.url })
  const { escapeIdentifier: identifier, escapeLiteral: literal } = pg
  try {
    await client.connect()
    await client.query(`alter role ${identifier(POSTGRES_USER)} password ${literal(password)}`)
    await client.query(`create database ${identifier(POSTGRES_DB)}`)
    const { rows } = await client.query<{ file: string }>(`select current_setting('hba_file') as file`)
    const rule = 'host all all 127.0.0.1/32 scram-sha-256'
    await client.query(`copy (select '${rule}') to ${literal(rows[0]?.file ?? '')}`)
    await client.query('select pg_reload_conf()')
  } catch (error) {
    await cluster.stop()
    throw error
  } finally {
    await client.end()
  }
  place.ports.set(`${name}:5432`, Number(new URL(cluster.url).port))
  return { ended: new Promise(() => {}), stop: cluster.stop }
}

async function completed({ logs }: Place, name: string, started: Started | undefined): Promise<void> {
  await started?.ended
  if (started?.child?.exitCode !== 0) throw new Error(`${name} did not complete: ${logs(name)}`)
}

const mostMsToBeHealthy = 60_000

async function healthy(place: Place, name: string, started: Started | undefined): Promise<void> {
  const since = Date.now()
  while (!(await isHealthy(place, name))) {
    if (Date.now() - since > mostMsToBeHealthy || typeof started?.child?.exitCode === 'number')
      throw new Error(`${name} is not healthy: ${place.logs(name)}`)
    await wait(200)
  }
}

function isHealthy(place: Place, name: string): Promise<boolean> {
  const { healthcheck } = place.serviceOf(name)
  if (!healthcheck) throw new Error(`${name} has no health check`)
  const [, program, ...words] = healthcheck.test
  const args = words.map((word) => natively(place, name, word))
  const options = { timeout: milliseconds(healthcheck.timeout), env: { PATH: programs } }
  return new Promise((done) => {
    execFile(program, args, options, (error) => done(!error))
  })
}

/** What `npm ci --omit=dev --omit=optional` installs, as links, so that a package of the tests is not found. */
function productionPackages(folder: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>
  }
  for (const [path, { dev, optional, devOptional }] of Object.entries(lock.packages)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1]
    if (!name || dev || optional || devOptional) continue
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    symlinkSync(join(root, path), join(folder, name))
  }
}
