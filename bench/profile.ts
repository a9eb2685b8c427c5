/**
 * `npm run profile -- sqlite refreshes`: where the time of one kind of work goes. Writes a `.cpuprofile`, which Chromium's developer
 * tools show as a flame graph, and prints its packages, functions and tree. bare, sqlite or postgres; journeys, refreshes,
 * introspections or accounts; `--from=0.02` leaves out of the tree what takes less, in ms.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { closedLoop } from './measure.ts'
import type { Program } from './program.ts'
import { type Profile, tellOf } from './profile-report.ts'
import { each } from './rounds.ts'
import { openBare, openOurs, type Target } from './targets.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '6' }, from: { type: 'string', default: '0.02' } },
})
const [name = 'sqlite', work = 'refreshes'] = positionals
const ms = Number(options.seconds) * 1000
const atOnce = 16

// What was started ends with us, however we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const inspected = ['--inspect=127.0.0.1:0']
const target: Target =
  name === 'bare'
    ? await openBare(inspected)
    : await openOurs(name === 'postgres' ? 'postgres' : 'sqlite', inspected)
try {
  const run = await workOf(target)
  await closedLoop({ ms: ms / 2, atOnce, work: run })
  const inspector = await openInspector(target.program)
  await inspector.send('Profiler.enable')
  await inspector.send('Profiler.setSamplingInterval', { interval: 200 })
  await inspector.send('Profiler.start')
  const before = target.program.cpu()
  const { done, took } = await closedLoop({ ms, atOnce, work: run })
  const cpu = (target.program.cpu() - before) / done
  const { profile } = (await inspector.send('Profiler.stop')) as { profile: Profile }
  inspector.close()
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}-${work}.cpuprofile`)
  writeFileSync(file, JSON.stringify(profile))
  console.log(
    `${name}, ${work}: ${((done * 1000) / took).toFixed(0)} a second, ${cpu.toFixed(2)} ms of CPU each\n`,
  )
  console.log(tellOf(profile, { done, from: Number(options.from) }))
  console.log(`\nflame graph: ${file}`)
} finally {
  await target.stop()
}

async function workOf({ load, journey }: Target): Promise<() => Promise<void>> {
  if (work === 'journeys') return async () => void (await journey())
  const got = await Promise.all(Array.from({ length: 40 }, () => journey()))
  const access: string[] = []
  for (const { refresh } of got) access.push(String((await load.refresh(refresh)).body.access_token))
  if (work === 'introspections') return each(access, load.introspect)
  if (work === 'accounts') return each(access, (token) => load.api('/api/accounts', token))
  return each(
    got.map(({ refresh }) => refresh),
    (token) => load.refresh(token),
  )
}

/** Chrome's protocol, to a program that was started with `--inspect`. */
async function openInspector(program: Program) {
  const address = /ws:\/\/\S+/.exec(program.log())?.[0] ?? ''
  const socket = new WebSocket(address)
  await new Promise((open) => socket.addEventListener('open', open, { once: true }))
  let id = 0
  return {
    send(method: string, params: object = {}): Promise<unknown> {
      id += 1
      const own = id
      return new Promise((settle) => {
        const read = ({ data }: MessageEvent) => {
          const message = JSON.parse(String(data)) as { id?: number; result?: unknown }
          if (message.id !== own) return
          socket.removeEventListener('message', read)
          settle(message.result)
        }
        socket.addEventListener('message', read)
        socket.send(JSON.stringify({ id: own, method, params }))
      })
    },
    close: () => socket.close(),
  }
}
