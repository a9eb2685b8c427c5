/**
 * How a demo fintech takes events from the bank, as an example to read: a Security Event Token (RFC 8417) that the bank
 * pushes (RFC 8935) says that a connection, or one account of it, has ended.
 */
import { createPublicKey, type JsonWebKeyInput, verify } from 'node:crypto'
import { z } from 'zod'

export type BankEvent = {
  readonly id: string
  readonly type: 'consent-ended' | 'account-stopped'
  readonly consent: string
  readonly reason: string
  readonly account: string | undefined
  /** when it happened, ISO 8601 */
  readonly at: string
}

/** What is answered with 400 (RFC 8935, section 2.4). */
type Refusal = {
  readonly err: 'invalid_request' | 'invalid_key' | 'invalid_issuer' | 'invalid_audience'
  readonly description: string
}

export type Events = {
  /** Undefined when the event is good, also when it came before; `later` while the bank's keys cannot be had. */
  readonly take: (clientId: string, token: string) => Promise<Refusal | 'later' | undefined>
  /** What came about one consent, the newest first. */
  readonly about: (clientId: string, consent: string) => readonly BankEvent[]
}

const headerSchema = z.object({ alg: z.literal('ES256'), typ: z.literal('secevent+jwt'), kid: z.string() })

const told = z.object({
  consent_id: z.string(),
  grant_id: z.string(),
  status: z.string(),
  reason: z.string(),
  account_id: z.string().optional(),
})

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  iat: z.number(),
  jti: z.string(),
  toe: z.number(),
  events: z.object({
    'urn:ninka:event:consent-ended': told.optional(),
    'urn:ninka:event:account-stopped': told.optional(),
  }),
})

const keySet = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) })

const mostKept = 200

/** @param keysAddress gives the bank's `jwks_uri`, from its discovery document */
export function createEvents({
  issuer,
  keysAddress,
}: {
  issuer: string
  keysAddress: () => Promise<string>
}): Events {
  const kept = new Map<string, BankEvent & { readonly clientId: string }>()

  return {
    async take(clientId, token) {
      const [header = '', payload = '', signature = '', ...rest] = token.split('.')
      const head = headerSchema.safeParse(parsed(header))
      if (!head.success || rest.length > 0) return { err: 'invalid_request', description: 'not a SET' }
      // Asked anew each time: events are rare, and a key that the bank has withdrawn must not count.
      const keys = await askForKeys()
      if (!keys) return 'later'
      const jwk = keys.find(({ kid }) => kid === head.data.kid)
      if (!jwk) return { err: 'invalid_key', description: 'no key of the bank has this kid' }
      const key = createPublicKey({ key: jwk as unknown as JsonWebKeyInput['key'], format: 'jwk' })
      const good = verify(
        'sha256',
        Buffer.from(`${header}.${payload}`),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      )
      if (!good) return { err: 'invalid_key', description: 'the signature is not the bank’s' }
      const claims = claimsSchema.safeParse(parsed(payload))
      if (!claims.success) return { err: 'invalid_request', description: 'claims are missing' }
      const { iss, aud, jti, toe, events } = claims.data
      if (iss !== issuer) return { err: 'invalid_issuer', description: 'from another issuer' }
      if (aud !== clientId) return { err: 'invalid_audience', description: 'for another client' }
      const ended = events['urn:ninka:event:consent-ended']
      const event = ended ?? events['urn:ninka:event:account-stopped']
      // An event that we do not know is not wrong, only none of our business.
      if (!event || kept.has(jti)) return undefined
      kept.set(jti, {
        clientId,
        id: jti,
        type: ended ? 'consent-ended' : 'account-stopped',
        consent: event.consent_id,
        reason: event.reason,
        account: event.account_id,
        at: new Date(toe * 1000).toISOString(),
      })
      for (const id of kept.keys()) if (kept.size > mostKept) kept.delete(id)
      return undefined
    },
    about: (clientId, consent) =>
      [...kept.values()].filter((one) => one.clientId === clientId && one.consent === consent).toReversed(),
  }

  async function askForKeys() {
    try {
      return keySet.parse(await (await fetch(await keysAddress(), { redirect: 'error' })).json()).keys
    } catch {
      // The bank is away, or going: it sends the event again when it is back.
      return undefined
    }
  }
}

function parsed(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
