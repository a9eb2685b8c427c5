/**
 * The process: reads the environment, starts what the mode asks for, and stops in good order. The only file that exits. It loads
 * what the mode needs when it needs it, so that signals are heard before anything else.
 */
import cluster from 'node:cluster'
import { placeName, type Ready, retire as retireMessage } from './processes.ts'
import type { Settings } from './settings.ts'
import type { Started } from './stopping.ts'

type Environment = NodeJS.ProcessEnv

/** What the first argument may say; without one it is `start`. */
const modes = {
  demo: async (environment) => startServer(await settingsOf(environment, 'demo'), environment),
  start: async (environment) => startServer(await settingsOf(environment, 'production'), environment),
  // The parts of a demo that is spread over several processes.
  fintechs: async (environment) => (await demo()).startFintechs(await settingsOf(environment, 'demo')),
  bank: async (environment) => (await demo()).startSimulatedBank(await settingsOf(environment, 'demo')),
  certificates: async (environment) => (await demo()).makeCertificates(await settingsOf(environment, 'demo')),
} as const satisfies Record<string, (environment: Environment) => Promise<Started>>

const demo = () => import('./demo/processes.ts')

/** @throws SettingsError */
async function settingsOf(environment: Environment, mode: 'demo' | 'production'): Promise<Settings> {
  const { readSettings } = await import('./settings.ts')
  return readSettings({ ...environment, NINKA_MODE: mode })
}

async function startServer(settings: Settings, environment: Environment): Promise<Started> {
  if (settings.processes > 1 && cluster.isPrimary)
    return (await import('./primary.ts')).startPrimary(settings)
  return (await import('./serve.ts')).startServer(settings, environment[placeName])
}

async function main(): Promise<void> {
  const hangUps = followHangUps()
  const mode = process.argv[2] ?? 'start'
  if (!isMode(mode)) throw new Error(`the first argument must be one of ${Object.keys(modes).join(', ')}`)
  const { said, stop, stopsWithin: within = 4000, retire, replace } = await modes[mode](process.env)
  let ending = false
  const end = (how: () => Promise<void>): void => {
    if (ending) return
    ending = true
    const badly = (why: string): void => {
      process.stderr.write(`ninka did not end in good order: ${why}\n`)
      process.exit(1)
    }
    // What has not ended by then would keep a restart waiting.
    setTimeout(() => badly(`it took longer than ${within} ms`), within).unref()
    void how().then(
      () => process.exit(0),
      (error: unknown) => badly(messageOf(error)),
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(stop))
  hangUps.answer(replace)
  if (retire) process.on('message', (message) => message === retireMessage && end(retire))
  if (process.send) process.send({ ready: said } satisfies Ready)
  else process.stdout.write(`${said}\n`)
}

/** Whoever is to replace its workers must not end because it is told so before it serves: the word is kept until then. */
function followHangUps() {
  let early = 0
  const keep = () => {
    early += 1
  }
  process.on('SIGHUP', keep)
  return {
    /** @param replace what the signal is for; without it, it ends us as it ends any program */
    answer(replace: Started['replace']): void {
      // A terminal tells the whole group; in a worker only the primary's word counts.
      if (cluster.isWorker) return
      process.off('SIGHUP', keep)
      if (replace) process.on('SIGHUP', () => void replace())
      if (early > 0) process.kill(process.pid, 'SIGHUP')
    },
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isMode = (text: string): text is keyof typeof modes => Object.hasOwn(modes, text)

main().catch((error: unknown) => {
  const isOfSettings = error instanceof Error && error.name === 'SettingsError'
  const how = isOfSettings ? 'These settings are not right:\n' : 'ninka could not start: '
  process.stderr.write(`${how}${messageOf(error)}\n`)
  process.exit(1)
})
