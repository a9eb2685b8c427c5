/** All that the sweeper would do until then, done now: the application as it is, without a listener, under a clock that is ahead. */
import { createApp } from '../src/app.ts'
import { createHttpBank } from '../src/bank/http/bank.ts'
import { readGateway } from '../src/bank/http/gateway.ts'
import { readInstitution } from '../src/institution.ts'
import { createLog } from '../src/log.ts'
import { createMetrics } from '../src/metrics/metrics.ts'
import { createSecrets, readMasterKeys } from '../src/secrets.ts'
import { readSettings } from '../src/settings.ts'
import { openDatabase } from '../src/store/open.ts'

/**
 * @param environment of the real program, which must not run meanwhile on SQLite
 * @param ahead ms
 */
export async function sweepAhead(
  environment: Readonly<Record<string, string>>,
  ahead: number,
): Promise<void> {
  const settings = readSettings({ ...environment, NINKA_MODE: 'production' })
  if (settings.bank === 'simulator') throw new Error('the bank is somewhere else')
  const clock = () => Date.now() + ahead
  const log = createLog({ level: 'silent' })
  const db = await openDatabase(settings.databaseUrl)
  let swept = 0
  const bank = createHttpBank({ gateway: readGateway(settings.bank), clock, log })
  const { server, background } = await createApp({
    settings,
    institution: readInstitution(settings.institutionFile ?? ''),
    db,
    bank,
    bankControls: undefined,
    secrets: createSecrets(readMasterKeys(settings.masterKeyFile, { create: false })),
    clock,
    log,
    certificates: undefined,
    mutualTls: undefined,
    desk: undefined,
    sweepEvery: 0,
    sealEvery: 0,
    deliverEvery: 0,
    mail: undefined,
    metrics: {
      ...createMetrics({}),
      sweptRows({ part }, rows = 0) {
        // Questions to the bank about live connections take nothing away.
        if (part !== 'standing') swept += rows
      },
    },
  })
  // A round has a bound; in two days there are thousands.
  do {
    swept = 0
    await background.sweeper.sweep()
  } while (swept > 0)
  await server.close()
  await bank.close()
  await db.destroy()
}
