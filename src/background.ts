/** What goes on in a process without a request: the audit is sealed, what is over is swept, what was said is delivered. */
import { minutes } from './clock.ts'
import type { AppParts } from './app.ts'
import type { FinishParts } from './journey/finish.ts'
import type { Reach } from './outgoing/ask.ts'
import { createDelivery, type Delivery } from './outbox/delivery.ts'
import { pushEvents } from './outbox/events.ts'
import { handNotices } from './outbox/notices.ts'
import type { SigningKeys } from './provider/keys.ts'
import { createSealer, type Sealer } from './sealer.ts'
import { auditKey } from './store/audit-chain.ts'
import type { Clients } from './store/clients.ts'
import { isSandbox } from './store/developers.ts'
import { createSweeper, type Sweeper } from './sweeper.ts'

export type Background = {
  readonly sweeper: Sweeper
  readonly sealer: Sealer
  readonly outbox: Delivery
  /** Ends the rounds under way and starts no more. */
  readonly stop: () => Promise<void>
}

type BackgroundParts = AppParts & {
  readonly finishing: FinishParts
  readonly clients: Clients
  readonly jwks: SigningKeys
  /** where fintechs' receivers may be */
  readonly reach: Reach
}

export async function createBackground(parts: BackgroundParts): Promise<Background> {
  const { settings, institution, db, secrets, clock, log, metrics, finishing, clients } = parts
  const key = await auditKey({ db, secrets, clock })
  const sealer = await createSealer({ db, key, clock, log, metrics, every: parts.sealEvery })
  const sweeper = createSweeper({
    finishing,
    retention: { db, clock, keep: settings.retention, auditKey: key },
    standing: {
      askEvery: minutes(institution.rules.standingMinutes),
      endOnPasswordReset: institution.rules.endOnPasswordReset,
    },
    log,
    metrics,
    every: parts.sweepEvery,
  })
  const outbox = createDelivery({
    db,
    clock,
    log,
    metrics,
    keepsUnwanted: (client) => settings.mode === 'demo' && isSandbox(client),
    every: parts.deliverEvery,
    hand: {
      event: pushEvents({
        clients,
        issuer: settings.publicUrl,
        keys: parts.jwks.keys,
        clock,
        reach: parts.reach,
      }),
      notice: handNotices({ mail: parts.mail, clients, institution, clock }),
    },
  })
  return {
    sweeper,
    sealer,
    outbox,
    async stop() {
      await outbox.stop()
      await sweeper.stop()
      await sealer.stop()
    },
  }
}
