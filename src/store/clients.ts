/** The fintechs that may ask: what the bank verified about each, and how each authenticates. */
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { bankScopes } from '../consent/services.ts'
import type { Database } from './open.ts'

const clientId = /^[a-z0-9-]{3,64}$/

/** What customers read: no character that nobody sees, breaks the line or turns the text around. */
const shownText = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must have visible characters only')

const httpsUrl = z.url({ protocol: /^https$/ })

function isCallable(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]'].includes(hostname))
}

const onOneHost = (addresses: readonly string[]): boolean =>
  new Set(addresses.map((address) => new URL(address).host)).size === 1

const registration = z.object({
  id: z.string().regex(clientId),
  /** サービス名 and 提供会社名, as registered with the bank; never from a request */
  serviceName: shownText(60),
  companyName: shownText(60),
  /** 電子決済等代行業者 registration, such as 関東財務局長（電代）第N号 */
  registrationNumber: shownText(60),
  contact: shownText(120),
  liabilityUrl: httpsUrl,
  termsUrl: httpsUrl,
  termsVersion: z.string(),
  privacyUrl: httpsUrl,
  /** 認可業務選択 is shown only for fintechs whose customers choose */
  customerChooses: z.boolean(),
  scopes: z.array(z.enum(bankScopes)).min(1),
  /** 認可期間 in calendar days */
  consentDays: z.number().int().min(1).max(366),
  /** exact; https, or http on this machine's loopback address; all on one host, which names the sector of the subject */
  redirectUris: z
    .array(z.url().refine(isCallable, 'must be https, or http on 127.0.0.1'))
    .min(1)
    .refine(onOneHost, 'must be on one host'),
  authentication: z.discriminatedUnion('method', [
    z.object({ method: z.literal('client_secret_basic'), secretHash: z.string() }),
    z.object({
      method: z.literal('private_key_jwt'),
      jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
      signingAlg: z.enum(['ES256', 'PS256']).default('ES256'),
    }),
  ]),
})

export type Client = z.infer<typeof registration> & { readonly status: 'active' | 'suspended' }

export type Clients = {
  find: (id: string) => Promise<Client | undefined>
  /** Writes a registration; the same id replaces the former one. */
  put: (client: Omit<Client, 'status'>) => Promise<void>
}

export function createClients({ db, clock }: { db: Database; clock: Clock }): Clients {
  return {
    async find(id) {
      // What cannot be an id is not asked of the database, which may not even take it as text.
      if (!clientId.test(id)) return undefined
      const row = await db.selectFrom('clients').selectAll().where('id', '=', id).executeTakeFirst()
      return row && { ...registration.parse(JSON.parse(row.registration)), status: row.status }
    },
    async put(client) {
      const row = {
        id: client.id,
        status: 'active' as const,
        registration: JSON.stringify(registration.parse(client)),
        changed_at: clock(),
      }
      await db
        .insertInto('clients')
        .values(row)
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({ registration: row.registration, changed_at: row.changed_at }),
        )
        .execute()
    },
  }
}
