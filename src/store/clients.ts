/** The fintechs that may ask: what the bank verified about each, and how each authenticates. Every change by the staff is in the audit. */
import type { z } from 'zod'
import type { Clock } from '../clock.ts'
import { hashClientSecret, unguessable } from '../secrets.ts'
import { record, type StaffActor } from './audit.ts'
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import {
  clientId,
  fieldsThatDiffer,
  type Registration,
  registration,
  type WrittenRegistration,
  writtenRegistration,
} from './registration.ts'
import type { Tables } from './schema.ts'
import { transact } from './transaction.ts'

export type Client = Registration & { readonly status: 'active' | 'suspended' }

/** Who of the staff changes something, and why. */
export type Change = { readonly by: StaffActor; readonly note: string }

export type Registered = {
  readonly outcome: 'registered' | 'changed' | 'unchanged'
  /** the secret of a client that had none before; kept only as a hash, so this is the one time to read it */
  readonly secret: string | undefined
}

export type Clients = {
  find: (id: string) => Promise<Client | undefined>
  /** Every client, by id. */
  list: () => Promise<readonly Client[]>
  /** Writes a registration as it is, without the audit: for the demo, which is nobody's decision. */
  put: (client: z.input<typeof registration>) => Promise<void>
  /**
   * Registers a client, or changes one. A change of anything but the method keeps the secret.
   * @throws z.ZodError when it is not a right registration
   */
  register: (client: WrittenRegistration, change: Change) => Promise<Registered>
  /** Nothing of a suspended client works, at once. False when it is not there or suspended already. */
  suspend: (id: string, change: Change) => Promise<boolean>
  resume: (id: string, change: Change) => Promise<boolean>
  /**
   * A new secret, returned this once; the former one counts for `overlap` ms more, and one before that no longer.
   * Undefined when there is no such client, or it authenticates by a key of its own.
   */
  rotateSecret: (
    id: string,
    change: Change & { readonly overlap: number },
  ) => Promise<{ readonly secret: string; readonly formerUntil: number } | undefined>
}

export function createClients({ db, clock }: { db: Database; clock: Clock }): Clients {
  const setStatus = (id: string, status: Client['status'], change: Change): Promise<boolean> =>
    transact(db, async (transaction) => {
      const at = clock()
      const { numUpdatedRows } = await transaction
        .updateTable('clients')
        .set({ status, changed_at: at })
        .where('id', '=', id)
        .where('status', '!=', status)
        .executeTakeFirst()
      if (numUpdatedRows !== 1n) return false
      const event = status === 'active' ? 'client-resumed' : 'client-suspended'
      await record(transaction, at, null, { event, client: id, ...change })
      return true
    })

  return {
    async find(id) {
      // What cannot be an id is not asked of the database, which may not even take it as text.
      if (!clientId.test(id)) return undefined
      const [row] = (await clientById(db, { id })).rows
      return row && fromRow(row)
    },

    async list() {
      const rows = await db.selectFrom('clients').selectAll().orderBy('id').execute()
      return rows.map(fromRow)
    },

    async put(client) {
      const row = rowOf(registration.parse(client), clock())
      await db
        .insertInto('clients')
        .values(row)
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({ registration: row.registration, changed_at: row.changed_at }),
        )
        .execute()
    },

    async register(client, change) {
      const written = writtenRegistration.parse(client)
      const { id, authentication } = written
      return transact(db, async (transaction) => {
        const at = clock()
        const former = await lockedClient(transaction, id)
        const { secret, kept } = secretOf(authentication, former?.authentication)
        const next = registration.parse({ ...written, authentication: kept })
        const fields = former ? fieldsThatDiffer(former, next) : undefined
        if (fields?.length === 0) return { outcome: 'unchanged', secret: undefined }
        if (former) await write(transaction, next, at)
        else await transaction.insertInto('clients').values(rowOf(next, at)).execute()
        await record(transaction, at, null, {
          event: former ? 'client-changed' : 'client-registered',
          client: id,
          ...change,
          ...(fields ? { fields } : {}),
        })
        return { outcome: former ? 'changed' : 'registered', secret }
      })
    },

    suspend: (id, change) => setStatus(id, 'suspended', change),
    resume: (id, change) => setStatus(id, 'active', change),

    rotateSecret: (id, { overlap, ...change }) =>
      transact(db, async (transaction) => {
        const at = clock()
        const client = await lockedClient(transaction, id)
        if (client?.authentication.method !== 'client_secret_basic') return undefined
        const { method, secretHash } = client.authentication
        const secret = unguessable()
        const formerUntil = at + overlap
        await write(
          transaction,
          {
            ...client,
            authentication: {
              method,
              secretHash: hashClientSecret(secret),
              former: { secretHash, until: formerUntil },
            },
          },
          at,
        )
        await record(transaction, at, null, { event: 'client-secret-rotated', client: id, ...change })
        return { secret, formerUntil }
      }),
  }
}

/** What is kept of how a client authenticates, and a new secret where it has none yet. */
function secretOf(
  written: z.output<typeof writtenRegistration>['authentication'],
  former: Registration['authentication'] | undefined,
): { readonly kept: Registration['authentication']; readonly secret: string | undefined } {
  if (written.method !== 'client_secret_basic') return { kept: written, secret: undefined }
  if (former?.method === 'client_secret_basic') return { kept: former, secret: undefined }
  const secret = unguessable()
  return { kept: { ...written, secretHash: hashClientSecret(secret) }, secret }
}

/** The client as it is, and nobody else changes it until this transaction ends. */
async function lockedClient(transaction: Database, id: string): Promise<Client | undefined> {
  const row = await transaction
    .updateTable('clients')
    .set({ id })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  return row && fromRow(row)
}

async function write(transaction: Database, client: Registration, at: number): Promise<void> {
  const { status: _kept, ...row } = rowOf(registration.parse(client), at)
  await transaction.updateTable('clients').set(row).where('id', '=', client.id).execute()
}

const rowOf = (client: Registration, at: number): Tables['clients'] => ({
  id: client.id,
  status: 'active',
  registration: JSON.stringify(client),
  changed_at: at,
})

const clientById = prepared((db, { id }: { id: string }) =>
  db.selectFrom('clients').selectAll().where('id', '=', id),
)

const fromRow = (row: Tables['clients']): Client => ({
  ...readRegistration(row.registration),
  status: row.status,
})

/** By their whole text, so a change counts at once; there are no more than a bank has fintechs, and their former ones. */
const read = new Map<string, Registration>()

function readRegistration(text: string): Registration {
  const known = read.get(text) ?? registration.parse(JSON.parse(text))
  if (read.size >= 1000) read.clear()
  read.set(text, known)
  return known
}
