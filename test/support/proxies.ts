/** The proxies of deploy/, run as they are: only ports, addresses, paths and names are replaced, and nothing silently. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './postgres.ts'

export type ProxyOptions = {
  /** host:port of every process, in the same order */
  readonly upstreams: {
    readonly main: readonly string[]
    readonly certificate: readonly string[]
    /** where fintechs' certificates are forwarded to; nobody listens there when left out */
    readonly fintechs?: readonly string[]
  }
  readonly tls: { readonly certFile: string; readonly keyFile: string }
  /** the institution's certificate authorities, PEM */
  readonly authoritiesFile: string
  readonly secret?: string
  /** the desk of the bank's staff, by nginx */
  readonly desk?: {
    readonly upstreams: readonly string[]
    readonly authoritiesFile: string
    readonly name: string
  }
  /** those of deploy/ when left out; `certificate` is what follows the random first part */
  readonly names?: { readonly main: string; readonly certificate: string; readonly fintechs?: string }
}

export type Proxy = {
  readonly port: number
  readonly httpPort: number
  /** the folder that holds everything it may write */
  readonly folder: string
  /** everything it has logged so far, of both streams */
  readonly logs: () => string
  readonly stop: () => Promise<void>
}

const deployed = {
  main: 'ninka.localhost',
  certificate: 'cert.ninka.localhost',
  fintechs: 'api.ninka.localhost',
}
const nobodyListens = ['127.0.0.1:1']

export async function startNginx(options: ProxyOptions): Promise<Proxy> {
  const place = await prepare(options)
  const { folder, port, httpPort, names } = place
  const server = (address: string) => `        server ${address} max_fails=0;\n`
  place.write('nginx.conf', [
    [`${server('app-1:3000')}${server('app-2:3000')}`, options.upstreams.main.map(server).join('')],
    [`${server('app-1:3002')}${server('app-2:3002')}`, options.upstreams.certificate.map(server).join('')],
    [
      `${server('app-1:3003')}${server('app-2:3003')}`,
      (options.upstreams.fintechs ?? nobodyListens).map(server).join(''),
    ],
    ['listen 8443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['listen 8080', `listen 127.0.0.1:${httpPort}`],
    ['https://ninka.localhost:8443', `https://${names.main}:${port}`],
    ['server_name ninka.localhost;', `server_name ${names.main};`],
    ['*.cert.ninka.localhost', `*.${names.certificate}`],
    ['server_name api.ninka.localhost;', `server_name ${names.fintechs};`],
    ['"api.ninka.localhost"', `"${names.fintechs}"`],
    ['"desk.ninka.localhost"', `"${options.desk?.name ?? 'desk.ninka.localhost'}"`],
    ['/etc/ninka/', `${folder}/`],
    ['pid /tmp/', `pid ${folder}/`],
    ['_temp_path /tmp/', `_temp_path ${folder}/`],
  ])
  place.write('nginx-secret.conf', [
    ['X-Ninka-Proxy-Secret "";', `X-Ninka-Proxy-Secret "${options.secret ?? ''}";`],
  ])
  if (options.desk) {
    const { upstreams, authoritiesFile, name } = options.desk
    copyFileSync(authoritiesFile, join(folder, 'staff-authorities.pem'))
    place.write('nginx-desk.conf', [
      [
        `    server app-1:3004 max_fails=0;\n    server app-2:3004 max_fails=0;\n`,
        upstreams.map((address) => `    server ${address} max_fails=0;\n`).join(''),
      ],
      ['listen 8443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['server_name desk.ninka.localhost;', `server_name ${name};`],
      ['/etc/ninka/', `${folder}/`],
    ])
    place.own(join(folder, 'staff-authorities.pem'))
  }
  return place.run('nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')])
}

export async function startHaproxy(options: ProxyOptions): Promise<Proxy> {
  const place = await prepare(options)
  const { folder, port, httpPort, names } = place
  const servers = (of: (number: number, address: string) => string, addresses: readonly string[]) =>
    addresses.map((address, index) => `    server ${of(index + 1, address)}\n`).join('')
  const checked = (number: number, address: string) => `app-${number} ${address} check`
  const tracked = (number: number, address: string) => `app-${number} ${address} track main/app-${number}`
  place.write('haproxy.cfg', [
    [servers(checked, ['app-1:3000', 'app-2:3000']), servers(checked, options.upstreams.main)],
    [servers(tracked, ['app-1:3002', 'app-2:3002']), servers(tracked, options.upstreams.certificate)],
    [
      servers(tracked, ['app-1:3003', 'app-2:3003']),
      servers(tracked, options.upstreams.fintechs ?? nobodyListens),
    ],
    ['bind :8443 ssl', `bind 127.0.0.1:${port} ssl`],
    ['bind :8080', `bind 127.0.0.1:${httpPort}`],
    ['https://ninka.localhost:8443', `https://${names.main}:${port}`],
    ['hdr Host ninka.localhost', `hdr Host ${names.main}`],
    ['host_only -i ninka.localhost', `host_only -i ${names.main}`],
    ['ssl_fc_sni -i ninka.localhost', `ssl_fc_sni -i ${names.main}`],
    ['-m end .cert.ninka.localhost', `-m end .${names.certificate}`],
    ['ssl_fc_sni -i api.ninka.localhost', `ssl_fc_sni -i ${names.fintechs}`],
    ['/etc/ninka/', `${folder}/`],
  ])
  place.write('haproxy-certificates.txt', [
    ['/etc/ninka/', `${folder}/`],
    ['] ninka.localhost', `] ${names.main}`],
    ['*.cert.ninka.localhost', `*.${names.certificate}`],
    ['] api.ninka.localhost', `] ${names.fintechs}`],
  ])
  return place.run('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], {
    NINKA_PROXY_SECRET: options.secret ?? '',
  })
}

/** As a container would: an account without rights, which owns one folder. */
const nobody = process.getuid?.() === 0 ? 65_534 : undefined

async function prepare({ tls, authoritiesFile, ...given }: ProxyOptions) {
  const names = { ...deployed, ...given.names }
  const folder = mkdtempSync(join(tmpdir(), 'ninka-proxy-'))
  const own = (file: string) => {
    if (nobody !== undefined) chownSync(file, nobody, nobody)
    return file
  }
  own(folder)
  mkdirSync(join(folder, 'tls'))
  own(join(folder, 'tls'))
  const copies: [from: string, to: string][] = [
    [tls.certFile, 'tls/ninka.crt'],
    [tls.keyFile, 'tls/ninka.key'],
    [authoritiesFile, 'authorities.pem'],
  ]
  for (const [from, to] of copies) {
    copyFileSync(from, join(folder, to))
    own(join(folder, to))
  }
  const port = await freePort()
  const httpPort = await freePort()
  return {
    folder,
    port,
    httpPort,
    names,
    own,
    write(name: string, replacements: readonly Replacement[]) {
      try {
        writeFileSync(join(folder, name), replaced(name, replacements))
      } catch (error) {
        rmSync(folder, { recursive: true, force: true })
        throw error
      }
      own(join(folder, name))
    },
    async run(program: string, args: string[], environment: Record<string, string> = {}): Promise<Proxy> {
      // A file, because nginx opens /dev/stdout by name and Node's own pipes are sockets.
      const logFile = own(writtenEmpty(join(folder, 'log')))
      const log = openSync(logFile, 'a')
      const before =
        nobody === undefined ? [] : ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
      const [command = program, ...rest] = [...before, program, ...args]
      const child = spawn(command, rest, {
        stdio: ['ignore', log, log],
        env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...environment },
      })
      const logs = () => readFileSync(logFile, 'utf8')
      const stop = stopper(child, folder)
      try {
        await listening(child, [port, httpPort])
      } catch (error) {
        const said = logs()
        await stop()
        throw new Error(`${program} did not start (is it installed?): ${said}`, { cause: error })
      }
      return { port, httpPort, folder, logs, stop }
    },
  }
}

type Replacement = readonly [from: string, to: string]

/** The file of deploy/ with all replacements made in one pass. Each must be found, or the file has changed and the test lies. */
function replaced(name: string, replacements: readonly Replacement[]): string {
  const text = readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8')
  const by = new Map(replacements)
  for (const from of by.keys()) if (!text.includes(from)) throw new Error(`deploy/${name} has no «${from}»`)
  const any = new RegExp(
    [...by.keys()].map((from) => from.replace(/[.*+?^$(){}|[\]\\]/g, '\\$&')).join('|'),
    'g',
  )
  return text.replace(any, (from) => by.get(from) ?? from)
}

function writtenEmpty(file: string): string {
  writeFileSync(file, '')
  return file
}

function stopper(child: ChildProcess, folder: string): () => Promise<void> {
  const ended = new Promise<void>((done) => {
    child.once('exit', () => done())
    child.once('error', () => done())
  })
  const kill = () => child.kill('SIGTERM')
  process.once('exit', kill)
  return async () => {
    kill()
    await ended
    process.off('exit', kill)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function listening(child: ChildProcess, ports: readonly number[]): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  for (let tries = 0; ; tries += 1) {
    if (failure) throw failure
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const open = await Promise.all(ports.map(answers))
    if (open.every(Boolean)) return
    if (tries === 200) throw new Error('it does not listen')
    await new Promise((done) => setTimeout(done, 25))
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', () => done(false))
  })
}
