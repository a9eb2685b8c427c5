/** The first of several processes: it makes what is needed once, starts the workers, and answers whoever watches them all. */
import { createLog } from './log.ts'
import { internalListener } from './metrics/listener.ts'
import { askWorkers } from './metrics/workers.ts'
import { startWorkers } from './processes.ts'
import { readMasterKeys } from './secrets.ts'
import type { Settings } from './settings.ts'
import { type Started, stopsWithin } from './stopping.ts'
import { openStore } from './store/configured.ts'

/** What is needed once is made before there are several who would make it. */
export async function startPrimary(settings: Settings): Promise<Started> {
  const log = createLog({ level: settings.logLevel })
  const isDemo = settings.mode === 'demo'
  readMasterKeys(settings.masterKeyFile, { create: isDemo })
  if (isDemo) await (await import('./demo/processes.ts')).demoAuthority(settings)
  const db = await openStore(settings)
  await db.destroy()
  const within = stopsWithin(settings.stopAfter)
  const { said, stop, replaceAll, serving } = await startWorkers({
    count: settings.processes,
    log,
    stopsWithin: within,
  })
  const workers = askWorkers(serving)
  const watched = internalListener(workers, workers)
  if (settings.metrics) await watched.listen(settings.metrics)
  const stopAll = async (): Promise<void> => {
    await stop()
    await watched.close()
  }
  // A worker that does not end by then is killed, and that takes its moment.
  return { said, stop: stopAll, stopsWithin: within + 1000, replace: replaceAll }
}
