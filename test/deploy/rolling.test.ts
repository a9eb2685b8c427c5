/** Nobody notices a restart: under load every request is answered, behind HAProxy of deploy/ and by one program with several workers. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Measured } from '../../bench/browser.ts'
import { type Installation, openInstallation } from '../../bench/installation.ts'
import type { Program } from '../../bench/program.ts'
import { openLoad } from '../../bench/walk.ts'
import { authority, openWorkshop } from '../support/openssl.ts'
import { valueOf } from '../support/figures.ts'
import { freePort } from '../support/postgres.ts'
import { type Proxy, startHaproxy } from '../support/proxies.ts'

// Ten starts of the real program, beside whatever else the machine has to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const { issue, remove } = openWorkshop()
const root = issue({ subject: '/CN=rolling authority', extensions: authority })
let bank: Installation

beforeAll(async () => {
  bank = await openInstallation({ database: 'postgres', processes: 0 })
})
afterAll(async () => {
  await bank.stop()
  remove()
})

const ready = async ({ origin }: Program) => (await fetch(`${origin}/readyz`)).status === 200

/** Refreshes without a pause and a journey a second, until what happens meanwhile has happened; every answer that it got. */
async function underLoad(
  options: { origins: readonly string[]; ca?: string },
  meanwhile: () => Promise<void>,
) {
  const answers: Measured[] = []
  const load = openLoad({
    ...options,
    publicUrl: bank.publicUrl,
    fintech: bank.fintech,
    connections: 6,
    onAnswer: (answer) => answers.push(answer),
  })
  const failures: unknown[] = []
  let happened = false
  let customer = Math.floor(Math.random() * 1_000_000)
  const walked = await load.connect(customer)
  if (!walked.ok) throw walked.failed
  const refreshing = async () => {
    while (!happened) {
      const { status } = await load.refresh(walked.reached.tokens.refresh)
      if (status !== 200) failures.push(status)
      // Behind HAProxy everybody is one address, and that has its limits.
      await wait(80)
    }
  }
  const connecting = async () => {
    while (!happened) {
      const one = await load.connect((customer += 1))
      if (!one.ok) failures.push(one.failed)
      await wait(2000)
    }
  }
  const work = Promise.all([refreshing(), refreshing(), refreshing(), connecting()])
  try {
    await Promise.race([meanwhile(), work.then(() => Promise.reject(new Error('the load ended')))])
    // Whoever came last has taken part.
    await wait(200)
  } finally {
    happened = true
    await work.catch((error: unknown) => failures.push(error))
    await load.close()
  }
  return { answers, failures }
}

function expectAllAnswered({ answers, failures }: Awaited<ReturnType<typeof underLoad>>): void {
  expect(failures).toEqual([])
  expect(answers.filter(({ status }) => status < 200 || status > 399)).toEqual([])
  expect(answers.filter(({ name }) => name === 'token').length).toBeGreaterThan(50)
  expect(answers.filter(({ name }) => name === 'give-consent').length).toBeGreaterThan(1)
}

describe('two processes behind HAProxy', () => {
  let proxy: Proxy
  const ports: string[] = []
  const programs: Program[] = []
  const start = (port: string) => bank.start({ PORT: port, STOP_AFTER_SECONDS: '2' })
  beforeAll(async () => {
    for (let n = 0; n < 2; n += 1) ports.push(String(await freePort()))
    programs.push(...(await Promise.all(ports.map(start))))
    const name = new URL(bank.publicUrl).hostname
    const leaf = issue({ subject: `/CN=${name}`, issuer: root, extensions: [`subjectAltName=DNS:${name}`] })
    const folder = leaf.key.slice(0, leaf.key.lastIndexOf('/'))
    writeFileSync(join(folder, 'leaf.pem'), leaf.pem)
    writeFileSync(join(folder, 'root.pem'), root.pem)
    proxy = await startHaproxy({
      upstreams: {
        main: ports.map((port) => `127.0.0.1:${port}`),
        certificate: ['127.0.0.1:1', '127.0.0.1:1'],
        fintechs: ['127.0.0.1:1', '127.0.0.1:1'],
      },
      tls: { certFile: join(folder, 'leaf.pem'), keyFile: leaf.key },
      authoritiesFile: join(folder, 'root.pem'),
      names: { main: name, certificate: 'cert.bench.example', fintechs: 'api.bench.example' },
    })
  })
  afterAll(async () => {
    await Promise.all(bank.running().map((program) => program.stop()))
    await proxy.stop()
  })

  it('are restarted one after the other, and every request is answered', async () => {
    const origins = [`https://127.0.0.1:${proxy.port}`]
    const load = await underLoad({ origins, ca: root.pem }, async () => {
      for (const [index, port] of ports.entries()) {
        await programs[index]?.stop()
        const next = await start(port)
        await expect.poll(() => ready(next), { timeout: 10_000 }).toBe(true)
      }
    })
    expectAllAnswered(load)
    expect(proxy.logs()).toMatch(/main\/app-1 is DOWN[^\n]*503/)
  })
})

describe('one program with two workers', () => {
  let program: Program
  let watched: string
  beforeAll(async () => {
    const port = String(await freePort())
    watched = `http://127.0.0.1:${port}`
    program = await bank.start({ NINKA_PROCESSES: '2', METRICS_PORT: port })
  })
  afterAll(() => program.kill())

  const workersOf = ({ pid }: Program) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  const count = (event: string) => program.log().split(`"event":"${event}"`).length - 1

  it('tells the figures of each of them, and that they are ready, at one door', async () => {
    const state = () =>
      fetch(`${watched}/readyz`).then(
        ({ status }) => status,
        () => 0,
      )
    await expect.poll(state, { timeout: 50_000 }).toBe(200)
    await fetch(`${program.origin}/healthz`)
    const text = await (await fetch(`${watched}/metrics`)).text()
    for (const process of ['1', '2']) {
      expect(valueOf(text, 'ninka_ready', { process })).toBe(1)
      expect(valueOf(text, 'process_resident_memory_bytes', { process })).toBeGreaterThan(1e6)
      expect(valueOf(text, 'ninka_database_connections_limit', { process })).toBeGreaterThan(0)
    }
    expect(valueOf(text, 'ninka_http_requests_total', { route: '/healthz', status: '200' })).toBeGreaterThan(
      0,
    )
    expect(text.match(/^# TYPE ninka_ready /gm)).toHaveLength(1)
  })

  it('replaces them at SIGHUP, and every request is answered', async () => {
    const former = workersOf(program)
    expect(former).toHaveLength(2)
    const load = await underLoad({ origins: [program.origin] }, async () => {
      process.kill(program.pid, 'SIGHUP')
      await expect.poll(() => count('worker-replaced'), { timeout: 50_000 }).toBe(2)
    })
    expectAllAnswered(load)
    expect(workersOf(program)).toHaveLength(2)
    expect(former.filter(isAlive)).toEqual([])
  })

  it('puts another in the place of one that was killed', async () => {
    const [victim = 0, other = 0] = workersOf(program)
    const before = count('worker-replaced')
    process.kill(victim, 'SIGKILL')
    await expect.poll(() => count('worker-replaced'), { timeout: 30_000 }).toBe(before + 1)
    const now = workersOf(program)
    expect(now).toHaveLength(2)
    expect(now).toContain(other)
    expect(now).not.toContain(victim)
  })

  it('takes its workers with it when it is killed itself', async () => {
    const workers = workersOf(program)
    expect(workers.filter(isAlive)).toEqual(workers)
    await program.kill()
    await expect.poll(() => workers.filter(isAlive), { timeout: 5000 }).toEqual([])
  })
})
