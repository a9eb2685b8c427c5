/** Loaded into the program before it starts (`--import`): on a signal it writes what only the process itself can count. */
import { renameSync, writeFileSync } from 'node:fs'

const file = process.env.SOAK_PROBE_FILE ?? ''

process.on('SIGUSR2', () => {
  // What is only not collected yet is no leak.
  globalThis.gc?.()
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  writeFileSync(`${file}.new`, JSON.stringify({ ...process.memoryUsage(), resources }))
  renameSync(`${file}.new`, file)
})
