/** The bank's own server: everything that settings name is opened, put together and listened on; by one process, or by several. */
import cluster from 'node:cluster'
import { join } from 'node:path'
import { createApp } from './app.ts'
import { chosenBank } from './bank/chosen.ts'
import { systemClock } from './clock.ts'
import { type CertificateRules, type Institution, readInstitution } from './institution.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { answerPrimary } from './metrics/workers.ts'
import type { Entrance } from './operator/desk/entrance.ts'
import { certificateParts, listenBehind, loopback, mutualTlsParts } from './origins.ts'
import { deliverEvery } from './outbox/delivery.ts'
import type { MailSystem } from './outbox/notices.ts'
import { sealEvery } from './sealer.ts'
import { createSecrets, readMasterKeys, readSecret } from './secrets.ts'
import type { Settings } from './settings.ts'
import { followRequests, type Started, stopsWithin } from './stopping.ts'
import { openStore } from './store/configured.ts'
import { sweepEvery } from './sweeper.ts'

/**
 * @param place of this process among several; without one it is the only one. What must be there once per installation, such as the
 * demo's own fronts and fintechs, is the first one's.
 */
export async function startServer(settings: Settings, place?: string): Promise<Started> {
  const log = createLog({ level: settings.logLevel })
  // Invented people have no business in a bank's process, so it does not even load them.
  const demo = settings.mode === 'demo' ? await import('./demo/processes.ts') : undefined
  const isFirst = place === undefined || place === '1'
  const metrics = createMetrics(place === undefined ? {} : { process: place })
  metrics.watchProcess()
  const secrets = createSecrets(readMasterKeys(settings.masterKeyFile, { create: demo !== undefined }))
  const demoCertificates = await demo?.demoAuthority(settings)
  const institution = institutionOf(settings, demoCertificates)
  const db = await openStore(settings)
  const { bank, bankControls, resetBank, closeBank } = await chosenBank(settings, { db, log, metrics })
  const certificates = await certificateParts(settings, institution, { log, secrets })
  const mutualTls = await mutualTlsParts(settings, institution, { log, secrets })
  const app = await createApp({
    settings,
    institution,
    db,
    bank,
    bankControls,
    secrets,
    clock: systemClock,
    log,
    metrics,
    certificates,
    mutualTls,
    desk: await deskEntrance(settings, log),
    sweepEvery,
    sealEvery,
    deliverEvery,
    mail: mailSystem(settings) ?? (await demo?.demoMail({ settings, db, secrets, clock: systemClock })),
  })
  const { server, certificateServer, mutualTlsServer, deskServer, internalServer, clients, readiness } = app
  const servers = [server, certificateServer, mutualTlsServer, deskServer].filter((one) => one !== undefined)
  const requests = followRequests({ servers: servers.map((one) => one.server), readiness, log })
  if (cluster.isWorker) answerPrimary(metrics, readiness)
  else if (settings.metrics) await internalServer.listen(settings.metrics)
  await server.listen({ host: settings.host, port: settings.port })
  const frontCertificate = isFirst ? demoCertificates?.server : undefined
  const fronts = await Promise.all([
    listenBehind(settings, frontCertificate, {
      at: settings.certificate,
      server: certificateServer,
      origin: certificates?.origin,
    }),
    listenBehind(settings, frontCertificate, {
      at: settings.mutualTls,
      server: mutualTlsServer,
      origin: mutualTls?.origin,
    }),
  ])
  // Where anybody may choose who he is, nobody but this machine's own user may ask.
  const deskHost = settings.operator?.staff ? settings.host : loopback
  await deskServer?.listen({ host: deskHost, port: settings.operator?.port ?? 0 })
  const fintechs =
    demo && isFirst && !settings.fintechsElsewhere
      ? await demo.createDemo({
          settings,
          clients,
          db,
          secrets,
          clock: systemClock,
          resetBank,
        })
      : undefined
  readiness.open()
  const stop = async (after: number): Promise<void> => {
    await requests.end(after)
    await fintechs?.close()
    for (const front of fronts) await front?.close()
    for (const one of servers.toReversed()) await one.close()
    // Last, so that whoever watches sees the others end.
    await internalServer.close()
    await closeBank()
    await db.destroy()
    log.info({ event: 'stopped' }, 'everything is closed')
  }
  return {
    said: `ready: open ${demo ? settings.fintechUrl : settings.publicUrl}`,
    stop: () => stop(settings.stopAfter),
    stopsWithin: stopsWithin(settings.stopAfter),
    // Whoever keeps a connection needs a moment to see that it ends.
    retire: () => stop(1000),
  }
}

/** @param ours whose certificates count in a demo, where the institution does not say it */
function institutionOf(
  settings: Settings,
  ours?: Partial<Record<'rules' | 'fintechRules', CertificateRules>>,
): Institution {
  const file = settings.institutionFile ?? join(import.meta.dirname, 'demo', 'institution.json')
  const institution = readInstitution(file)
  return {
    ...institution,
    certificates: institution.certificates ?? ours?.rules,
    fintechCertificates: institution.fintechCertificates ?? ours?.fintechRules,
  }
}

const mailSystem = ({ notices }: Settings): MailSystem | undefined =>
  notices && { url: notices.url, secret: readSecret(notices.secretFile) }

/** @throws Error when the staff file or its authorities do not serve */
async function deskEntrance(
  { operator, trustedProxies, proxySecretFile }: Settings,
  log: Log,
): Promise<Entrance | undefined> {
  if (!operator) return undefined
  const { url, staff } = operator
  if (!staff) return { kind: 'demo', url, members: (await import('./demo/staff.ts')).demoStaff }
  const { currentStaff, readStaff } = await import('./operator/desk/staff.ts')
  const { createVerifier } = await import('./certificate/verify.ts')
  const { rules } = readStaff(staff.file)
  const secret = proxySecretFile ? readSecret(proxySecretFile) : undefined
  return {
    kind: 'certificate',
    origin: { url, format: staff.format, trustedProxies, secret },
    verifier: await createVerifier({ rules, clock: systemClock, log }),
    staff: currentStaff(staff.file, log),
  }
}
