/** docker-compose.yml against what it must agree with, and the installation it describes, running on this machine. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trustedPeers } from '../../src/certificate/trust.ts'
import { readSettings, SettingsError } from '../../src/settings.ts'
import { stopsWithin } from '../../src/stopping.ts'
import {
  copiesOf,
  dockerfileOf,
  mountsOf,
  portsOf,
  publishedBy,
  readCompose,
  root,
  type Service,
} from '../support/compose.ts'
import { type Installation, startInstallation } from '../support/installation.ts'

const compose = readCompose()
const { services } = compose
const names = Object.keys(services)
const service = (name: string): Service => services[name] ?? expect.fail(`no service ${name}`)
const setting = (name: string, key: string): string =>
  service(name).environment[key] ?? expect.fail(`${name} has no ${key}`)
const addressOf = (name: string) =>
  Object.values(service(name).networks).flatMap(({ ipv4_address: address }) => address ?? [])
const oneShots = names.filter((name) => service(name).restart === 'no')
/** Those that run our program. */
const ours = names.filter((name) => modeOf(service(name)) !== undefined)
const apps = names.filter((name) => modeOf(service(name)) === 'demo')

function modeOf({ command = [] }: Service): string | undefined {
  return /\bnode src\/main\.ts (\w+)/.exec(command.join(' '))?.[1]
}

describe('the services', () => {
  it('are these, and each is started below', () => {
    expect(names).toEqual(['certificates', 'app-1', 'app-2', 'fintechs', 'postgres', 'proxy'])
    expect(ours).toEqual(['certificates', 'app-1', 'app-2', 'fintechs'])
    expect(apps).toEqual(['app-1', 'app-2'])
  })

  it('are equal processes of the bank, but for their addresses', () => {
    const { networks: _1, ...one } = service('app-1')
    const { networks: _2, ...two } = service('app-2')
    expect(two).toEqual(one)
  })

  it.each(names)('%s is confined: no root, no capability, nothing writable but what it needs', (name) => {
    const { user, logging, stop_grace_period: grace, ...rest } = service(name)
    expect(rest).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+m$/),
      pids_limit: expect.any(Number),
    })
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    expect(logging.options).toEqual({ 'max-size': '10m', 'max-file': '3' })
    // what a process gives itself: long answers, and everything closed
    expect(Number.parseInt(grace, 10) * 1000).toBeGreaterThan(apps.includes(name) ? stopsWithin(0) : 4000)
    for (const one of rest.tmpfs) expect(one).toContain(`:uid=${user.replace(':', ',gid=')},mode=07`)
  })

  it('are awaited as what they are: one that ends by its end, any other by its health check', () => {
    for (const name of names) {
      expect(service(name).healthcheck === undefined, name).toBe(oneShots.includes(name))
      for (const [other, { condition }] of Object.entries(service(name).depends_on)) {
        expect(names, `${name} depends on it`).toContain(other)
        const ends = oneShots.includes(other)
        expect(condition).toBe(ends ? 'service_completed_successfully' : 'service_healthy')
      }
    }
  })

  it('run images of a named version, each built once, and never one from a registry in the place of ours', () => {
    const images = names.map((name) => service(name).image)
    const bases = names.flatMap((name) => [
      ...(service(name).build?.dockerfile_inline.matchAll(/^FROM (\S+)/gm) ?? []),
    ])
    for (const image of [...images, ...bases.map(([, base = '']) => base)])
      expect(image).toMatch(/^[a-z-]+:(?:demo$|\d+)/)
    for (const name of names) {
      const { image, build, pull_policy: policy } = service(name)
      if (image.endsWith(':demo')) expect(policy, name).toBe(build ? 'build' : 'never')
      const builders = names.filter((other) => service(other).image === image && service(other).build)
      expect(builders.length, image).toBe(image.endsWith(':demo') ? 1 : 0)
    }
  })
})

describe('the images', () => {
  const dockerfiles = names.flatMap((name) => service(name).build?.dockerfile_inline ?? [])
  const sources = dockerfiles.flatMap((dockerfile) => copiesOf(dockerfile).map(({ from }) => from))

  it('are made of files that are there, and .dockerignore lets in no others', () => {
    for (const source of sources) expect(existsSync(join(root, source)), source).toBe(true)
    const [everything, ...but] = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(everything).toBe('*')
    expect(but.toSorted()).toEqual(sources.map((source) => `!${source}`).toSorted())
  })

  it('give every volume an owner who may write to it', () => {
    for (const name of names) {
      const dockerfile = dockerfileOf(compose, service(name))
      if (dockerfile === '') continue
      const [uid, gid] = service(name).user.split(':')
      const made = dockerfile.split(`RUN install -d -o ${uid} -g ${gid} -m 0700 `)[1]?.split('\n')[0] ?? ''
      for (const { target } of mountsOf(service(name))) expect(made.split(' '), name).toContain(target)
      expect(dockerfile).toMatch(/^USER (?:node|1000:1000)$/m)
    }
  })
})

describe('the settings', () => {
  it.each(ours)('of %s are all known and accepted', (name) => {
    const { environment } = service(name)
    // Node's own, and its allocator's
    const settings = Object.fromEntries(
      Object.entries(environment).filter(([key]) => !/^(?:NODE|MALLOC)_/.test(key)),
    )
    expect(modeOf(service(name))).toMatch(/^(?:demo|fintechs|certificates)$/)
    readSettings({ ...settings, NINKA_MODE: 'demo' })
    for (const key of Object.keys(settings)) {
      // Only a name that is read can have a wrong value; and no setting may be anything but text.
      const wrong = { ...settings, NINKA_MODE: 'demo', [key]: {} as string }
      expect(() => readSettings(wrong), key).toThrow(new RegExp(`^${key}: `, 'm'))
    }
  })

  it.each(apps)('of %s are a demo’s only in its bank and its institution', (name) => {
    let refusal: unknown
    try {
      readSettings({ ...service(name).environment, NINKA_MODE: 'production' })
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(SettingsError)
    const complaints = String((refusal as SettingsError).message).split('\n')
    expect(complaints.map((line) => line.split(':')[0])).toEqual(['INSTITUTION_FILE', 'BANK'])
  })

  it('say the same everywhere', () => {
    const settings = ours.map((name) => service(name).environment)
    for (const key of new Set(settings.flatMap((one) => Object.keys(one))))
      expect(new Set(settings.flatMap((one) => one[key] ?? [])).size, key).toBe(1)
    for (const name of apps) expect(setting(name, 'FINTECH_URL')).toBe(setting('fintechs', 'FINTECH_URL'))
  })

  it('listen where others look for them', () => {
    for (const name of apps) {
      expect(setting(name, 'HOST')).toBe('0.0.0.0')
      const ports = ['PORT', 'CERTIFICATE_PORT', 'API_MTLS_PORT', 'METRICS_PORT']
      const listening = ports.map((port) => setting(name, port))
      expect(service(name).expose.map(String)).toEqual(listening)
    }
    expect(setting('fintechs', 'HOST')).toBe('0.0.0.0')
    const [{ address, published, target }] = publishedBy(service('fintechs')) as [
      ReturnType<typeof publishedBy>[0],
    ]
    expect(setting('fintechs', 'FINTECH_URL')).toBe(`http://${address}:${published}`)
    expect(setting('fintechs', 'FINTECH_PORT')).toBe(String(target))
  })

  it('name the database that the database’s service makes, and its one password', () => {
    for (const name of [...apps, 'fintechs']) {
      const { username, password, hostname, port, pathname } = new URL(setting(name, 'DATABASE_URL'))
      expect({ username, password, database: pathname.slice(1) }).toEqual({
        username: setting('postgres', 'POSTGRES_USER'),
        password: '',
        database: setting('postgres', 'POSTGRES_DB'),
      })
      expect(service(hostname).expose).toEqual([Number(port)])
      expect(setting(name, 'DATABASE_PASSWORD_FILE')).toBe(setting('postgres', 'POSTGRES_PASSWORD_FILE'))
    }
    // else the image leaves connections from inside without a password
    expect(setting('postgres', 'POSTGRES_INITDB_ARGS')).toBe('--auth=scram-sha-256')
  })
})

describe('the secrets', () => {
  it('are files, declared, used, and given to those alone who name them', () => {
    for (const name of names) {
      const { environment, command = [], secrets } = service(name)
      const said = [...Object.values(environment), ...command].join('\n')
      const named = [...said.matchAll(/\/run\/secrets\/([\w-]+)/g)].map(([, secret = '']) => secret)
      expect(new Set(named), name).toEqual(new Set(secrets))
    }
    const used = names.flatMap((name) => service(name).secrets)
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(compose.secrets).toSorted())
  })

  it('stand nowhere in the file', () => {
    for (const name of names) {
      for (const [key, value] of Object.entries(service(name).environment)) {
        if (/PASSWORD|SECRET|KEY|TOKEN/.test(key)) expect(`${key}=${value}`).toMatch(/_FILE=\/run\/secrets\//)
        expect(value, key).not.toMatch(/:\/\/[^/@]*:[^/@]*@/)
      }
    }
    const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
    expect(text).not.toMatch(/[A-Za-z0-9+/_-]{43}=?(?![\w/])/)
  })
})

describe('the volumes', () => {
  it('are declared, used, and writable for those alone who make what is in them', () => {
    const mounts = names.flatMap((name) => mountsOf(service(name)).map((mount) => ({ name, ...mount })))
    expect([...new Set(mounts.map(({ source }) => source))].toSorted()).toEqual(
      Object.keys(compose.volumes).toSorted(),
    )
    const writers = mounts.flatMap(({ name, source, readOnly }) => (readOnly ? [] : `${name} ${source}`))
    expect(writers.toSorted()).toEqual([
      'app-1 data',
      'app-2 data',
      'certificates authorities',
      'certificates data',
      'certificates tls',
      'postgres postgres',
    ])
    for (const name of [...apps, 'certificates'])
      expect(mountsOf(service(name)).map(({ target }) => target)).toContain(setting(name, 'DATA_DIR'))
  })
})

describe('the networks', () => {
  it('publish the proxy and the fintechs, on this machine alone', () => {
    const published = names.flatMap((name) => service(name).ports.map((port) => `${name} ${port}`))
    expect(published).toEqual([
      'fintechs 127.0.0.1:3001:3001',
      'proxy 127.0.0.1:8443:8443',
      'proxy 127.0.0.1:8080:8080',
    ])
  })

  it('let nobody past the proxy to the bank, and nobody but the processes to the database', () => {
    const members = Object.keys(compose.networks).map((network) => [
      network,
      names.filter((name) => network in service(name).networks),
    ])
    expect(Object.fromEntries(members)).toEqual({
      outside: ['fintechs', 'proxy'],
      proxied: ['app-1', 'app-2', 'proxy'],
      database: ['app-1', 'app-2', 'fintechs', 'postgres'],
      watched: ['app-1', 'app-2'],
    })
    for (const [network, { internal }] of Object.entries(compose.networks))
      expect(internal, network).toBe(network !== 'outside')
    for (const name of names)
      for (const network of Object.keys(service(name).networks))
        expect(Object.keys(compose.networks)).toContain(network)
    expect(service('certificates').network_mode).toBe('none')
  })

  it('make the proxy, and no one else, the one that is believed about client certificates', () => {
    for (const name of apps) {
      const believed = trustedPeers(setting(name, 'TRUSTED_PROXIES').split(','))
      expect(addressOf('proxy').map(believed)).toEqual([true])
      expect(apps.flatMap(addressOf).map(believed)).toEqual([false, false])
      // Docker's own end of the network, through which a published port would come
      expect(believed('10.203.17.1')).toBe(false)
    }
    const [{ subnet }] = compose.networks.proxied?.ipam?.config ?? [{ subnet: '' }]
    const inside = trustedPeers([subnet])
    expect(['proxy', ...apps].flatMap(addressOf).map(inside)).toEqual([true, true, true])
  })
})

describe('the proxy’s configuration', () => {
  const nginx = readFileSync(join(root, 'deploy/nginx.conf'), 'utf8').replace(/^\s*#.*$/gm, '')
  const all = (pattern: RegExp) => [...nginx.matchAll(pattern)].map(([, found = '']) => found)

  it('names the processes by the ports of each listener', () => {
    const upstream = (name: string) =>
      all(new RegExp(`upstream ${name} {([^}]*)}`, 'g')).flatMap((block) =>
        [...block.matchAll(/server (\S+?)[ ;]/g)].map(([, server]) => server),
      )
    expect(upstream('main')).toEqual(apps.map((name) => `${name}:${setting(name, 'PORT')}`))
    expect(upstream('certificate')).toEqual(
      apps.map((name) => `${name}:${setting(name, 'CERTIFICATE_PORT')}`),
    )
    expect(upstream('fintechs')).toEqual(apps.map((name) => `${name}:${setting(name, 'API_MTLS_PORT')}`))
    const addresses = Object.fromEntries(apps.map((name) => [name, addressOf(name)[0]]))
    expect(service('proxy').extra_hosts).toEqual(addresses)
  })

  it('answers for the hosts of the three origins, at their port', () => {
    const publicUrl = new URL(setting('app-1', 'PUBLIC_URL'))
    const certificateUrl = setting('app-1', 'CERTIFICATE_URL')
    const mutualTls = new URL(setting('app-1', 'API_MTLS_URL'))
    const hosts = [publicUrl.hostname, certificateUrl.replace(/^https:\/\/|:\d+$/g, ''), mutualTls.hostname]
    expect(new Set(all(/server_name (\S+);/g))).toEqual(new Set(['_', ...hosts]))
    expect(all(/return 301 ([^$;]+)/g)).toEqual([publicUrl.origin])
    const published = publishedBy(service('proxy')).map((port) => port.published)
    expect(published).toContain(Number(publicUrl.port))
    expect(certificateUrl.endsWith(`:${publicUrl.port}`)).toBe(true)
    expect(mutualTls.port).toBe(publicUrl.port)
    expect(new Set(all(/listen (\d+)/g))).toEqual(new Set(portsOf(service('proxy')).map(String)))
    // what the fintechs call the bank
    expect(service('proxy').networks.outside?.aliases).toEqual([publicUrl.hostname, mutualTls.hostname])
    expect(setting('app-1', 'CERTIFICATE_FORMAT')).toBe(
      nginx.includes('X-SSL-Client-Cert $forwarded_certificate') ? 'nginx' : 'rfc9440',
    )
  })
})

describe('the installation', () => {
  let up = false
  let running: Installation
  let publicUrl: string
  beforeAll(async () => {
    running = await startInstallation(compose)
    up = true
    publicUrl = running.environmentOf('app-1').PUBLIC_URL ?? ''
  }, 120_000)
  afterAll(async () => {
    if (up) await running.stop()
  }, 60_000)

  type Asked = { readonly certificate?: string; readonly cookie?: string | undefined }
  type Answer = {
    readonly status: number
    readonly location: string
    readonly cookie: string
    readonly body: string
  }

  /** As a browser that knows the demo's authority and resolves every name to this machine. */
  function ask(address: string, { certificate, cookie = '' }: Asked = {}): Promise<Answer> {
    const { hostname, port, host, pathname, search } = new URL(address)
    const pem = (ending: string) =>
      certificate && {
        [ending]: readFileSync(
          running.pathOf('app-1', `/data/certificates/${certificate}.${ending === 'cert' ? 'pem' : 'key'}`),
        ),
      }
    const options = {
      host: '127.0.0.1',
      port,
      servername: hostname,
      path: pathname + search,
      headers: { host, cookie },
      ca: readFileSync(running.pathOf('fintechs', '/authorities/authorities.pem')),
      agent: false,
      ...pem('cert'),
      ...pem('key'),
    }
    return new Promise((done, fail) => {
      const sent = request(options, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () =>
          done({
            status: answer.statusCode ?? 0,
            location: answer.headers.location ?? '',
            cookie: (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; '),
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
      sent.on('error', fail)
      sent.end()
    })
  }

  const discovery = '/.well-known/openid-configuration'
  const press = (clientId: string) => {
    const origin = running.environmentOf('fintechs').FINTECH_URL ?? ''
    return fetch(`${origin}/connect/${clientId}`, { method: 'POST', headers: { origin }, redirect: 'manual' })
  }

  it('has every service of the file', () => {
    expect(running.services.toSorted()).toEqual(names.toSorted())
  })

  it.each(names.filter((name) => !oneShots.includes(name)))(
    'finds %s healthy by its own check',
    async (name) => {
      expect(await running.isHealthy(name)).toBe(true)
    },
  )

  it('is known by its public name through the proxy, with a certificate of the demo’s authority', async () => {
    const { status, body } = await ask(publicUrl + discovery)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ issuer: publicUrl })
  })

  it('is one bank in two processes', async () => {
    const keys = await Promise.all(
      apps.map(async (name) => {
        const answer = await fetch(`http://127.0.0.1:${running.portOf(name, 3000)}/jwks`)
        return answer.text()
      }),
    )
    expect(keys[0]).toContain('"kid"')
    expect(keys[1]).toBe(keys[0])
  })

  it.each(apps)('tells the figures of %s to whoever watches, and not through the proxy', async (name) => {
    const figures = await fetch(`http://127.0.0.1:${running.portOf(name, 3005)}/metrics`)
    expect(await figures.text()).toMatch(/^ninka_ready 1$/m)
    expect((await ask(`${publicUrl}/metrics`)).status).toBe(404)
  })

  it('lets nobody into the database without the password', async () => {
    const client = new pg.Client({ connectionString: running.environmentOf('app-1').DATABASE_URL })
    await expect(client.connect()).rejects.toThrow('password')
  })

  it('takes a customer from the fintech’s button to the bank, and his certificate to his journey', async () => {
    const button = await press('demo-kakeibo')
    expect(button.status).toBe(303)
    const authorize = button.headers.get('location') ?? ''
    expect(authorize).toMatch(`${publicUrl}/authorize?`)
    const journey = await ask(authorize)
    expect(journey.location).toMatch(/^(?:https:\/\/ninka\.localhost:\d+)?\/journey\/[\w-]+\/sign-in$/)
    const pathname = new URL(journey.location, publicUrl).pathname.replace(/\/sign-in$/, '')
    const certificateUrl = running.environmentOf('app-1').CERTIFICATE_URL?.replace('*', 'c1') ?? ''
    const { status, location } = await ask(certificateUrl + pathname.replace('journey', 'certificate'), {
      certificate: 'mihon07-good',
    })
    expect(status).toBe(303)
    expect(location).toMatch(`${publicUrl}${pathname}/certificate?ticket=`)
    // The processes take turns: who opens it is seldom who sealed it.
    const back = await ask(location, { cookie: journey.cookie })
    expect(back.status).toBe(303)
    const due = await ask(publicUrl + pathname, { cookie: `${journey.cookie}; ${back.cookie}` })
    expect(due.location).toMatch(/\/certificate-password$/)
  })

  it('is right in the doctor’s eyes, asked within a container', { timeout: 60_000 }, async () => {
    const args = ['--connect', `127.0.0.1:${new URL(publicUrl).port}`, '--json']
    const authorities = running.pathOf('app-1', '/data/certificates/authorities.pem')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['src/ninka.ts', 'doctor', ...args, '--ca', authorities],
      {
        cwd: running.pathOf('app-1', '/ninka'),
        env: { ...running.environmentOf('app-1'), NINKA_MODE: 'demo', NODE_OPTIONS: '' },
      },
    )
    const findings = JSON.parse(stdout) as { check: string; verdict: string }[]
    const found = findings.filter(({ verdict }) => verdict !== 'skipped')
    expect(found.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(found.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['database', 'keys', 'authorities', 'issuer', 'tls', 'certificate forged']),
    )
  })

  it('believes a certificate from nobody who lacks the proxy’s secret', async () => {
    const answer = await fetch(`http://127.0.0.1:${running.portOf('app-1', 3002)}/certificate/anything`)
    expect(answer.status).toBe(403)
    await expect.poll(() => running.logs('app-1')).toContain('"secret-missing-or-wrong"')
  })

  it('writes no secret into a log', () => {
    const secrets = Object.keys(compose.secrets).map((secret) =>
      readFileSync(running.pathOf('app-1', `/run/secrets/${secret}`), 'utf8').trim(),
    )
    const logs = names.filter((name) => service(name).command).map(running.logs)
    for (const secret of secrets) expect(secret).toHaveLength(44)
    for (const log of logs) for (const secret of secrets) expect(log).not.toContain(secret)
  })

  it('serves on when one of its processes has died', async () => {
    await running.kill('app-1')
    expect(await running.isHealthy('app-1')).toBe(false)
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(publicUrl + discovery)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    const button = await press('demo-kaikei')
    expect(button.status).toBe(303)
    expect(await running.isHealthy('proxy')).toBe(true)
  })
})
