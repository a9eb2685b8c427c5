/**
 * How node-oidc-provider keeps things in our store. Grants are not kept at all: they are read from the consent rows,
 * so a consent that ended is dead to every token at once. Browser sessions are never kept.
 */
import Provider, { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { type Clock, days, hours, seconds } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import { renewableDays } from '../consent/state.ts'
import type { Clients } from '../store/clients.ts'
import {
  consumeRecord,
  deleteRecord,
  deleteRecordsOfGrant,
  findRecord,
  insertRecordOnce,
  putRecord,
} from '../store/engine-records.ts'
import { isLive } from '../store/consents.ts'
import type { Database } from '../store/open.ts'
import { saveAccessToken } from '../store/tokens.ts'
import { transact } from '../store/transaction.ts'
import { engineClient } from './client.ts'
import { saysAway } from './database-away.ts'
import { engineGrant } from './grant.ts'
import { findToken, isTokenModel, standingOf } from './of-request.ts'

type AdapterParts = {
  readonly db: Database
  readonly clock: Clock
  readonly clients: Clients
  readonly consents: Consents
  readonly publicUrl: string
}

const keptAfterExpiry: Readonly<Record<string, number>> = {
  // Looked at again when the customer comes back, long after its own minute (RFC 9126, section 2.2).
  PushedAuthorizationRequest: hours(26),
  // Opens nothing any more, but whoever holds it is told why: the consent ran out, or was stopped.
  RefreshToken: days(renewableDays),
  AccessToken: hours(1),
}

/** The furthest that the end of a fintech's assertion or signed request may lie ahead. */
const longestProof = days(1)

export function createAdapterFactory(parts: AdapterParts): AdapterFactory {
  return (model) => saysAway(adapterOf(parts, model))
}

function adapterOf(parts: AdapterParts, model: string): Adapter {
  switch (model) {
    case 'Grant':
      return grantAdapter(parts)
    case 'Client':
      return clientAdapter(parts)
    case 'Session':
      return noAdapter
    case 'ReplayDetection':
      return replayAdapter(parts)
    default:
      return recordAdapter(parts, model)
  }
}

const noAdapter: Adapter = {
  async upsert() {},
  async find() {
    return undefined
  },
  async findByUserCode() {
    return undefined
  },
  async findByUid() {
    return undefined
  },
  async consume() {},
  async destroy() {},
  async revokeByGrantId() {},
}

function grantAdapter({ db, clock, consents, publicUrl }: AdapterParts): Adapter {
  return {
    ...noAdapter,
    async find(id) {
      const consent = await standingOf(db, id)
      return consent && isLive(consent, clock()) ? engineGrant(consent, publicUrl) : undefined
    },
    // Reached when a token is revoked or a code replayed; who it was is read from the route that is being served.
    async destroy(id) {
      await consents.end(id, endingOfRoute())
    },
  }
}

function clientAdapter({ clients, clock }: AdapterParts): Adapter {
  return {
    ...noAdapter,
    async find(id) {
      const client = await clients.find(id)
      if (!client) return undefined
      // A customer on his way back is still led to a fintech that was suspended meanwhile.
      const onTheWayBack = Provider.ctx?.oidc.route === 'resume'
      return client.status === 'active' || onTheWayBack ? engineClient(client, clock()) : undefined
    },
  }
}

function replayAdapter({ db, clock }: AdapterParts): Adapter {
  return {
    ...noAdapter,
    // Two proofs with one jti at the same instant: the second insert finds the first, whoever asked before.
    async upsert(id, _payload, expiresIn = 0) {
      // Whatever number a client wrote as `exp`, also one with a fraction (RFC 7523, section 3, item 4).
      if (!(expiresIn <= longestProof / seconds(1)))
        throw new errors.InvalidRequest('exp is more than a day ahead')
      const first = await insertRecordOnce(
        db,
        { model: 'ReplayDetection', id },
        clock() + Math.ceil(seconds(expiresIn)),
      )
      if (!first) throw new errors.InvalidRequest('the jti was used before')
    },
    async find(id) {
      return (await findRecord(db, { model: 'ReplayDetection', id })) && { jti: id }
    },
  }
}

function recordAdapter({ db, clock, consents, publicUrl }: AdapterParts, model: string): Adapter {
  return {
    ...noAdapter,
    async upsert(id, payload, expiresIn) {
      const { jti: _jti, returnTo: _returnTo, ...kept } = payload
      const grantId = payload.grantId ?? null
      const expiresAt = clock() + seconds(expiresIn ?? 0) + (keptAfterExpiry[model] ?? 0)
      if (model === 'AccessToken' && grantId) {
        const token = { id, payload: kept, grantId, expiresAt, now: clock() }
        if (!(await saveAccessToken(db, token))) throw new errors.InvalidGrant('the consent has ended')
        return
      }
      const record = { payload: kept, grantId, expiresAt }
      if (model !== 'RefreshToken' || !grantId) return putRecord(db, { model, id }, record)
      await transact(db, async (transaction) => {
        await putRecord(transaction, { model, id }, record)
        // The last thing an exchange writes: only now the fintech gets its tokens, and the new connection counts.
        if (!(await consents.activate(transaction, grantId)))
          throw new errors.InvalidGrant('the consent has ended')
      })
    },
    async find(id) {
      const found = isTokenModel(model) ? await findToken(db, model, id) : await findRecord(db, { model, id })
      if (!found) return undefined
      const payload: AdapterPayload = { ...found.payload, jti: id }
      // The resume address holds the id itself, so it is built again rather than kept.
      if (model === 'Interaction') payload.returnTo = `${publicUrl}/authorize/${id}`
      if (model === 'PushedAuthorizationRequest' && !isOfAskingClient(payload)) return undefined
      if (found.consumedAt !== null) payload.consumed = Math.floor(found.consumedAt / 1000)
      return payload
    },
    async consume(id) {
      if (model === 'AuthorizationCode') return spendCode({ db, clock, consents }, id)
      if (!(await consumeRecord(db, { model, id }, clock()))) {
        if (model === 'PushedAuthorizationRequest') {
          throw new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used')
        }
        throw new errors.InvalidGrant(`${model} was already used`)
      }
    },
    destroy: (id) => deleteRecord(db, { model, id }),
    async revokeByGrantId(grantId) {
      // Revoking an access token ends that token; the consent and its refresh token live on (RFC 7009, section 2.1).
      const oidc = Provider.ctx?.oidc
      if (oidc?.route === 'revocation' && oidc.entities.AccessToken) return
      await deleteRecordsOfGrant(db, model, grantId)
    },
  }
}

/** A pushed request is its client's own: to another one it does not exist, not even in an error (RFC 9126, section 4). */
function isOfAskingClient({ request }: AdapterPayload): boolean {
  const oidc = Provider.ctx?.oidc
  if (oidc?.route !== 'authorization' || typeof request !== 'string') return true
  const claims = JSON.parse(Buffer.from(request.split('.')[1] ?? '', 'base64url').toString()) as {
    client_id?: string
  }
  return claims.client_id === oidc.params?.client_id
}

/** Spends a code. A second spender ends the consent (RFC 6749, section 4.1.2). */
async function spendCode(
  { db, clock, consents }: Pick<AdapterParts, 'db' | 'clock' | 'consents'>,
  id: string,
): Promise<void> {
  const key = { model: 'AuthorizationCode', id }
  if (await consumeRecord(db, key, clock())) return
  const record = await findRecord(db, key)
  if (!record?.grantId) throw new errors.InvalidGrant('authorization code not found')
  await consents.end(record.grantId, codeReplayed)
  throw new errors.InvalidGrant('authorization code already consumed')
}

const codeReplayed = { status: 'stopped', by: 'system', reason: 'code-replayed' } as const

function endingOfRoute() {
  return Provider.ctx?.oidc.route === 'token'
    ? codeReplayed
    : ({ status: 'stopped', by: 'client', reason: 'token-revoked' } as const)
}
