/** The parts of the demo as processes: the fintechs alone, the certificates alone, and the authority and TLS front within the bank's own. */
import { join } from 'node:path'
import { serveBank } from '../bank/served.ts'
import { createSimulator } from '../bank/simulator/simulator.ts'
import { systemClock } from '../clock.ts'
import type { CertificateRules } from '../institution.ts'
import { loopback } from '../origins.ts'
import { createSecrets, readMasterKeys } from '../secrets.ts'
import type { Settings } from '../settings.ts'
import type { Started } from '../stopping.ts'
import { createClients } from '../store/clients.ts'
import { openStore } from '../store/configured.ts'
import { type DemoCertificates, prepareDemoCertificates } from './certificates.ts'
import { createDemo, demoMail } from './demo.ts'
import { prepareFintechCertificates } from './fintech-certificates.ts'

export { createDemo, demoMail }

/** The demo fintechs alone, for a demo whose bank runs in other processes. */
export async function startFintechs(settings: Settings): Promise<Started> {
  const db = await openStore(settings)
  const secrets = createSecrets(readMasterKeys(settings.masterKeyFile, { create: true }))
  const bank = await createSimulator({ db, clock: systemClock })
  const clients = createClients({ db, clock: systemClock })
  const fintechs = await createDemo({
    settings,
    clients,
    db,
    secrets,
    clock: systemClock,
    resetBank: () => bank.reset(),
  })
  return {
    said: `ready: open ${settings.fintechUrl}`,
    async stop() {
      await fintechs.close()
      await db.destroy()
    },
  }
}

/** The simulated bank alone, behind the contract that a real bank's gateway keeps, and on this machine only. */
export async function startSimulatedBank(settings: Settings): Promise<Started> {
  const db = await openStore(settings)
  const bank = await createSimulator({ db, clock: systemClock })
  const server = serveBank({ bank, clock: systemClock })
  const url = await server.listen({ host: loopback, port: settings.port + 6 })
  return {
    said: `ready: the bank is BANK=${url}`,
    async stop() {
      await server.close()
      await db.destroy()
    },
  }
}

/** Makes the demo's certificates and ends, so that a proxy finds its own when it starts. */
export async function makeCertificates(settings: Settings): Promise<Started> {
  const { folder } = await demoAuthority(settings)
  return { said: `ready: certificates in ${folder}`, stop: async () => {} }
}

export type DemoAuthority = DemoCertificates & { readonly fintechRules: CertificateRules }

/** The demo's own authorities with a certificate for every case, under DATA_DIR, and one for the servers' names. */
export async function demoAuthority({
  dataDir,
  publicUrl,
  certificate,
  mutualTls,
}: Settings): Promise<DemoAuthority> {
  const named = [publicUrl, certificate?.url ?? '', mutualTls?.url ?? ''].map((url) =>
    url.replace(/^https?:\/\//, '').replace(/:\d+$/, ''),
  )
  const certificates = await prepareDemoCertificates({
    folder: join(dataDir, 'certificates'),
    clock: systemClock,
    hosts: [...new Set(['localhost', '*.cert.localhost', ...named])].filter(Boolean),
  })
  return { ...certificates, fintechRules: await prepareFintechCertificates({ dataDir, clock: systemClock }) }
}
