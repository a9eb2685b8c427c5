/** The demo around the bank: registers the two demo fintechs, makes their secrets on first start and serves their page. */
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../clock.ts'
import { hashClientSecret, type Secrets, unguessable } from '../secrets.ts'
import type { Settings } from '../settings.ts'
import type { Clients } from '../store/clients.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'
import { sealedSecret } from '../store/sealed-secrets.ts'
import type { MailSystem } from '../outbox/notices.ts'
import { createFintechs } from './fintechs.ts'

type DemoParts = {
  readonly settings: Settings
  readonly clients: Clients
  readonly db: Database
  readonly secrets: Secrets
  readonly clock: Clock
  readonly resetBank: () => Promise<void>
}

/** Where the demo's notices go: beside the fintechs, where these run in this very process. */
export async function demoMail({
  settings,
  ...sealed
}: Pick<DemoParts, 'settings' | 'db' | 'secrets' | 'clock'>): Promise<MailSystem | undefined> {
  if (settings.mode !== 'demo' || settings.fintechsElsewhere) return undefined
  return {
    url: `${settings.fintechUrl}/bank-mail`,
    secret: await sealedSecret(sealed, 'demo-mail', unguessable),
  }
}

/** The demo fintechs, listening on FINTECH_PORT. */
export async function createDemo(parts: DemoParts): Promise<FastifyInstance> {
  const { settings } = parts
  const fintechs = await registerDemoClients(parts)
  const root = join(import.meta.dirname, '..', '..')
  const server = await createFintechs({
    issuer: settings.publicUrl,
    origin: settings.fintechUrl,
    fintechs,
    resetBank: () => resetDemo(parts),
    mailSecret: (await demoMail(parts))?.secret,
    viewsDir: join(root, 'views'),
    publicDir: join(root, 'public'),
  })
  await server.listen({ host: settings.host, port: settings.fintechPort })
  return server
}

/** 「はじめの状態に戻す」: the bank as it was, nobody connected, nobody locked. */
async function resetDemo({ db, resetBank }: DemoParts): Promise<void> {
  await resetBank()
  await transact(db, async (transaction) => {
    // A connection that was merely stopped could be renewed, and would not be the start.
    await transaction.deleteFrom('consents').execute()
    await transaction.deleteFrom('outbox').execute()
    await transaction.deleteFrom('attempts').execute()
  })
}

/** Writes both registrations; each secret is made once and kept sealed, so a restart changes nothing. */
export async function registerDemoClients({
  settings,
  clients,
  db,
  secrets,
  clock,
}: Omit<DemoParts, 'resetBank'>) {
  return Promise.all(
    demoClients.map(async (client) => {
      const clientSecret = await sealedSecret({ db, secrets, clock }, `demo-secret ${client.id}`, unguessable)
      await clients.put({
        ...client,
        redirectUris: [`${settings.fintechUrl}/callback/${client.id}`],
        ...(settings.fintechsElsewhere ? {} : { eventsUrl: `${settings.fintechUrl}/events/${client.id}` }),
        scopes: ['balances', 'transactions'],
        consentDays: 90,
        authentication: { method: 'client_secret_basic', secretHash: hashClientSecret(clientSecret) },
      })
      return {
        clientId: client.id,
        clientSecret,
        serviceName: client.serviceName,
        companyName: client.companyName,
      }
    }),
  )
}

const demoClients = [
  {
    id: 'demo-kakeibo' as const,
    serviceName: 'みほん家計簿',
    companyName: '株式会社みほんフィンテック',
    registrationNumber: '関東財務局長（電代）第000号（見本）',
    contact: '0120-000-111（平日 10:00〜18:00）',
    liabilityUrl: 'https://kakeibo.example/liability',
    termsUrl: 'https://kakeibo.example/terms',
    termsVersion: '2026-01-01',
    privacyUrl: 'https://kakeibo.example/privacy',
    customerChooses: true,
  },
  {
    id: 'demo-kaikei' as const,
    serviceName: 'みほん会計',
    companyName: 'みほん会計株式会社',
    registrationNumber: '関東財務局長（電代）第001号（見本）',
    contact: '0120-000-222（平日 9:00〜17:00）',
    liabilityUrl: 'https://kaikei.example/liability',
    termsUrl: 'https://kaikei.example/terms',
    termsVersion: '2026-01-01',
    privacyUrl: 'https://kaikei.example/privacy',
    customerChooses: false,
  },
]
