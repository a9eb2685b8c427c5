/**
 * A proof of possession at our own resources (RFC 9449, section 4.3). The engine checks those of its own endpoints; this is
 * the same check for a token that it gave.
 */
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose'
import { type Clock, minutes, seconds } from '../clock.ts'
import type { Result } from '../errors.ts'
import { plain } from '../explain/numbers.ts'
import { sha256 } from '../secrets.ts'

export const proofAlgorithms = ['ES256', 'PS256'] as const

/** A proof may be this old; the engine's own window at the token endpoint. */
const window = minutes(5)
/** Or this much ahead of our clock (FAPI 2.0 Security Profile, section 5.3.2.1). */
const ahead = seconds(60)

export type Proven = {
  /** RFC 7638 thumbprint of the key, as tokens are bound to it (`cnf.jkt`) */
  readonly thumbprint: string
  readonly jti: string
  /** until when this very proof could be shown again, ms */
  readonly endsAt: number
}

type Expected = {
  readonly method: string
  /** of the request, without query and fragment, as `URL` writes it */
  readonly url: string
  readonly token: string
  readonly clock: Clock
}

/** @param header the one DPoP header of the request; the reasons are for the fintech's developer, in ASCII */
export async function readProof(
  header: string,
  { method, url, token, clock }: Expected,
): Promise<Result<Proven, { readonly reason: string }>> {
  const verified = await verify(header, clock())
  if ('reason' in verified) return wrong(verified.reason)
  const { payload, protectedHeader } = verified
  const { jti, htm, htu, iat, ath, nonce } = payload
  if (typeof jti !== 'string' || jti === '') return wrong('jti is missing')
  if (htm !== method) return wrong('htm is not the method of this request')
  if (typeof htu !== 'string' || addressOf(htu) !== url)
    return wrong('htu is not the address of this request')
  if (typeof iat !== 'number') return wrong('iat is missing')
  if (clock() - iat * 1000 > window) return wrong('iat is more than five minutes ago')
  if (iat * 1000 - clock() > ahead) return wrong('iat is more than a minute ahead of our clock')
  if (ath !== sha256(token)) return wrong('ath is not the hash of this access token')
  if (nonce !== undefined) return wrong('this server gives no nonce')
  const { jwk } = protectedHeader
  if (!jwk) return wrong('jwk is missing')
  return {
    ok: true,
    value: { thumbprint: await calculateJwkThumbprint(jwk), jti, endsAt: iat * 1000 + window },
  }
}

async function verify(header: string, now: number) {
  try {
    return await jwtVerify(header, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: [...proofAlgorithms],
      currentDate: new Date(now),
      clockTolerance: ahead / 1000,
    })
  } catch (error) {
    // It stands in a header of ours, and jose puts quotes into it and what was sent.
    return { reason: error instanceof errors.JOSEError ? plain(error.message) : 'it is not a proof' }
  }
}

/** Scheme and host in any case, query and fragment left out (section 4.3, step 9). */
function addressOf(htu: string): string | undefined {
  const url = URL.parse(htu)
  return url ? `${url.origin}${url.pathname}` : undefined
}

const wrong = (reason: string) => ({ ok: false, reason }) as const
