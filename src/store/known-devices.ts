/** Browsers that customers signed in with. Customer, browser and network are keyed hashes: the table follows nobody. */
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'

export type KnownDevice = {
  /** of customer and browser together: one browser of two customers makes two rows that have nothing in common */
  readonly id: string
  readonly customer: string
  /** the counter of wrong tries that this browser has for this login ID */
  readonly lane: string
  readonly network: string
  /** family and system of the browser, such as `Chrome on Windows` */
  readonly agent: string
}

/** More browsers than one person uses; the oldest make room. */
const mostOfACustomer = 20

/** The right password was given; whether that is enough is not yet known. What was known of this browser stays. */
export async function noteDevice(db: Database, device: KnownDevice, forgetAt: number): Promise<void> {
  await note(db, { ...device, forget_at: forgetAt })
}

const note = prepared(
  (db, { id, customer, lane, network, agent, forget_at }: KnownDevice & { forget_at: number }) =>
    db
      .insertInto('known_devices')
      .values({ id, customer, lane, network, agent, signed_in_at: 0, forget_at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ lane })),
)

/** The sign-in is complete: from now on this browser is a known one. */
export async function keepDevice(
  db: Database,
  { id, customer, network, agent }: Omit<KnownDevice, 'lane'>,
  { now, forgetAt }: { readonly now: number; readonly forgetAt: number },
): Promise<void> {
  const [kept] = (await keep(db, { id, customer, network, agent, signed_in_at: now, forget_at: forgetAt }))
    .rows
  if (Number(kept?.known ?? 0) > mostOfACustomer) await makeRoom(db, { customer })
}

type Kept = Omit<KnownDevice, 'lane'> & { signed_in_at: number; forget_at: number }

/** And says how many are known of this customer now. */
const keep = prepared((db, { id, customer, network, agent, signed_in_at, forget_at }: Kept) =>
  db
    .updateTable('known_devices')
    .set({ network, agent, signed_in_at, forget_at })
    .where('id', '=', id)
    .returning((eb) =>
      eb
        .selectFrom('known_devices as all')
        .select(({ fn }) => fn.countAll<number | string>().as('known'))
        .where('all.customer', '=', customer)
        .as('known'),
    ),
)

const makeRoom = prepared((db, { customer }: Pick<KnownDevice, 'customer'>) => {
  const beyond = db
    .selectFrom('known_devices')
    .select('id')
    .where('customer', '=', customer)
    .orderBy('signed_in_at', 'desc')
    .orderBy('id')
    .limit(1000)
    .offset(mostOfACustomer)
  return db.deleteFrom('known_devices').where('id', 'in', beyond)
})

/** Of complete sign-ins alone, the latest first. */
export async function devicesOf(
  db: Database,
  customer: string,
  now: number,
): Promise<readonly { id: string; network: string; agent: string; signedInAt: number }[]> {
  return (await complete(db, { customer, now })).rows
}

const complete = prepared((db, { customer, now }: { customer: string; now: number }) =>
  db
    .selectFrom('known_devices')
    .select(['id', 'network', 'agent', 'signed_in_at as signedInAt'])
    .where('customer', '=', customer)
    .where('signed_in_at', '>', 0)
    .where('forget_at', '>', now)
    .orderBy('signed_in_at', 'desc'),
)

/** Whether a browser has signed in with this login ID before, to the end. */
export async function isKnownLane(db: Database, lane: string, now: number): Promise<boolean> {
  return (await ofLane(db, { lane, now })).rows.length > 0
}

const ofLane = prepared((db, { lane, now }: { lane: string; now: number }) =>
  db
    .selectFrom('known_devices')
    .select('id')
    .where('lane', '=', lane)
    .where('signed_in_at', '>', 0)
    .where('forget_at', '>', now),
)

/** How many customers signed in from a network since then, this one aside. */
export async function othersFrom(
  db: Database,
  seen: { readonly network: string; readonly customer: string; readonly since: number },
): Promise<number> {
  const [row] = (await countOthers(db, seen)).rows
  return Number(row?.others ?? 0)
}

const countOthers = prepared(
  (db, { network, customer, since }: { network: string; customer: string; since: number }) =>
    db
      .selectFrom('known_devices')
      .select((eb) => eb.fn.count<number | string>('customer').distinct().as('others'))
      .where('network', '=', network)
      .where('customer', '!=', customer)
      .where('signed_in_at', '>=', since),
)

/** Deletes at most `batch` browsers that nobody used for long. */
export async function deleteForgottenDevices(db: Database, now: number, batch: number): Promise<number> {
  const forgotten = db.selectFrom('known_devices').select('id').where('forget_at', '<=', now).limit(batch)
  const { numDeletedRows } = await db
    .deleteFrom('known_devices')
    .where('id', 'in', forgotten)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
