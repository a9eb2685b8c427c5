/** The process: reads the environment, starts what the mode asks for, and stops in good order. The only file that exits. */
import { join } from 'node:path'
import { createApp } from './app.ts'
import { createSimulator } from './bank/simulator/simulator.ts'
import { systemClock } from './clock.ts'
import { createDemo } from './demo/demo.ts'
import { readInstitution } from './institution.ts'
import { createLog } from './log.ts'
import { createSecrets, readMasterKeys } from './secrets.ts'
import { readSettings, type Settings, SettingsError } from './settings.ts'
import { openDatabase } from './store/open.ts'
import { sweepEvery } from './sweeper.ts'

async function start(settings: Settings): Promise<{ address: string; stop: () => Promise<void> }> {
  const demo = settings.mode === 'demo'
  if (settings.bank !== 'simulator')
    throw new SettingsError('BANK: only the simulated bank is there in this version')
  const log = createLog({ level: settings.logLevel })
  const secrets = createSecrets(readMasterKeys(settings.masterKeyFile, { create: demo }))
  const institution = readInstitution(
    settings.institutionFile ?? join(import.meta.dirname, 'demo', 'institution.json'),
  )
  const db = await openDatabase(settings.databaseUrl)
  const bank = await createSimulator({ db, clock: systemClock })
  const { server, clients } = await createApp({
    settings,
    institution,
    db,
    bank,
    secrets,
    clock: systemClock,
    log,
    sweepEvery,
  })
  await server.listen({ host: settings.host, port: settings.port })
  const fintechs = demo
    ? await createDemo({ settings, clients, db, secrets, clock: systemClock, resetBank: () => bank.reset() })
    : undefined
  return {
    address: fintechs ? settings.fintechUrl : settings.publicUrl,
    async stop() {
      await fintechs?.close()
      await server.close()
      await db.destroy()
    },
  }
}

async function main(): Promise<void> {
  const mode = process.argv[2] === 'demo' ? 'demo' : 'production'
  const { address, stop } = await start(readSettings({ ...process.env, NINKA_MODE: mode }))
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      // What has not ended by then would keep a restart waiting.
      setTimeout(() => process.exit(1), 4000).unref()
      void stop().then(
        () => process.exit(0),
        () => process.exit(1),
      )
    })
  }
  process.stdout.write(`ready: open ${address}\n`)
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    error instanceof SettingsError
      ? `These settings are not right:\n${message}\n`
      : `ninka could not start: ${message}\n`,
  )
  process.exit(1)
})
