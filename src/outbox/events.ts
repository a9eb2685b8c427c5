/** What a fintech is told, as a Security Event Token (RFC 8417) pushed to its registered address (RFC 8935). */
import { createPrivateKey, type JsonWebKeyInput, sign } from 'node:crypto'
import type { JWK } from 'oidc-provider'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Clients } from '../store/clients.ts'
import type { OutgoingEvent } from '../store/outbox.ts'
import type { Reach } from '../outgoing/ask.ts'
import { call, type Called } from './call.ts'
import type { Hand } from './delivery.ts'
import type { Resolve } from '../outgoing/address.ts'

export type EventParts = {
  readonly clients: Pick<Clients, 'find'>
  readonly issuer: string
  /** the issuer's signing keys, the one in use first */
  readonly keys: readonly JWK[]
  readonly clock: Clock
  readonly reach: Reach
  readonly resolve?: Resolve
}

export function pushEvents({ clients, issuer, keys, clock, reach, resolve }: EventParts): Hand {
  const signSet = setSigner(keys)
  return async ({ id, client, message }, stop) => {
    const registered = await clients.find(client)
    // A suspended fintech is told too: that it may not use the data any longer is all the more true.
    if (!registered?.eventsUrl || message.kind !== 'event') return { ok: true, value: 'unwanted' }
    const called = await call({
      url: registered.eventsUrl,
      headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json' },
      body: signSet(claimsOf(message, { id, client, issuer, now: clock() })),
      accepted: [202],
      reach,
      resolve,
      stop,
    })
    return called.ok ? { ok: true, value: 'delivered' } : refusal(called)
  }
}

/** Header and claims of an event, as they are sent at that moment; without the signature. */
export type ReadEvent = (
  message: OutgoingEvent,
  about: { readonly id: string; readonly client: string; readonly at: number },
) => { readonly header: object; readonly claims: object }

export function eventReader({ issuer, keys }: Pick<EventParts, 'issuer' | 'keys'>): ReadEvent {
  const header = headerOf(signingKey(keys))
  return (message, { id, client, at }) => ({
    header,
    claims: claimsOf(message, { id, client, issuer, now: at }),
  })
}

const inSeconds = (ms: number): number => Math.floor(ms / 1000)

function claimsOf(
  { type, number, arrangementId, status, reason, at, account }: OutgoingEvent,
  { id, client, issuer, now }: { id: string; client: string; issuer: string; now: number },
) {
  return {
    iss: issuer,
    aud: client,
    iat: inSeconds(now),
    // Stays the same over all tries, so that the receiver knows what it has had already.
    jti: id,
    toe: inSeconds(at),
    events: {
      [`urn:ninka:event:${type}`]: {
        consent_id: number,
        grant_id: arrangementId,
        status,
        reason: toldReason(reason),
        ...(account === null ? {} : { account_id: account }),
      },
    },
  }
}

/** What went on between customer and bank is not the fintech's business: only what changes what it has to do. */
function toldReason(reason: string): string {
  switch (reason) {
    case 'period-ended':
    case 'code-replayed':
    case 'account-closed':
    case 'pin-changed':
    case 'no-accounts-left':
      return reason
    case 'customer-stopped':
    case 'emergency-stop':
    case 'customer-asked':
      return 'customer-stopped'
    default:
      return reason.startsWith('journey-') ? 'customer-stopped' : 'bank-stopped'
  }
}

function setSigner(keys: readonly JWK[]): (claims: object) => string {
  const jwk = signingKey(keys)
  const key = createPrivateKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' })
  const header = encode(headerOf(jwk))
  return (claims) => {
    const signed = `${header}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
}

function signingKey(keys: readonly JWK[]): JWK {
  const jwk = keys.find(({ alg }) => alg === 'ES256')
  if (!jwk) throw new Error('there is no ES256 key to sign events with')
  return jwk
}

const headerOf = ({ kid }: JWK) => ({ alg: 'ES256', typ: 'secevent+jwt', kid })

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** RFC 8935, section 2.4. */
const errorAnswer = z.object({ err: z.string(), description: z.string().optional() })

function refusal({ problem, answer }: Exclude<Called, { ok: true }>): Awaited<ReturnType<Hand>> {
  // Only this status says that the receiver has read the message and does not like this very one.
  if (problem !== 'status-400') return { ok: false, problem, fault: 'receiver' }
  return { ok: false, problem: `${problem}${saidIn(answer)}`, fault: 'message' }
}

/** Foreign text for the desk and the log: one short line of visible characters. */
function saidIn(answer = ''): string {
  try {
    const { err, description = '' } = errorAnswer.parse(JSON.parse(answer))
    return ` ${err} ${description}`
      .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
      .trimEnd()
      .slice(0, 200)
  } catch {
    // no JSON, or another one
    return ''
  }
}
