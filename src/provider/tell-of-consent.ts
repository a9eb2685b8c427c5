/**
 * What the engine's answers say about the consent behind a token: which one it is and until when it lives (the names of
 * Grant Management for OAuth 2.0 where it has them), and to the fintech that held it, why it is over.
 */
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import { whyOver } from '../consent/state.ts'
import type { Log } from '../log.ts'
import { noteUse } from '../consent/use.ts'
import type { Consent } from '../store/consents.ts'
import type { Standing } from '../store/tokens.ts'
import { consentOfAnswer } from './of-request.ts'

type Telling = { readonly consents: Consents; readonly clock: Clock; readonly log: Log }

/** A post-middleware of the engine: it sees every answer before it leaves. */
export function tellOfConsent(parts: Telling) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    if (ctx.path === '/token') await atToken(parts, ctx)
    if (ctx.path === '/introspect') atIntrospection(ctx)
  }
}

async function atToken(parts: Telling, ctx: KoaContextWithOIDC): Promise<void> {
  const body: unknown = ctx.body
  if (!body || typeof body !== 'object') return
  if ('access_token' in body) {
    // in the fintech's own name, without a customer
    if (ctx.oidc.params?.grant_type === 'client_credentials') return
    const consent = consentOfAnswer(ctx)
    if (!consent) throw new Error('tokens were given for a consent that is not there')
    if (ctx.oidc.params?.grant_type === 'refresh_token') await noteUse(parts, consent)
    ctx.body = { ...body, ...aboutConsent(consent) }
  } else if ('error' in body && body.error === 'invalid_grant') {
    const consent = await consentBehind(parts, ctx)
    if (consent) refuse(parts, ctx, consent)
  }
}

/** For the fintech that the token or code belongs to, and only once it has shown that it is the one. */
async function consentBehind(
  { consents }: Telling,
  { oidc }: KoaContextWithOIDC,
): Promise<Consent | undefined> {
  const { client, params, provider } = oidc
  if (!client) return undefined
  const found =
    typeof params?.refresh_token === 'string'
      ? await provider.RefreshToken.find(params.refresh_token, { ignoreExpiration: true })
      : typeof params?.code === 'string'
        ? await provider.AuthorizationCode.find(params.code, { ignoreExpiration: true })
        : undefined
  return found?.grantId && found.clientId === client.clientId ? consents.find(found.grantId) : undefined
}

function refuse({ clock }: Telling, ctx: KoaContextWithOIDC, consent: Consent): void {
  const why = whyOver(consent, clock())
  if (!why) return
  ctx.status = 400
  ctx.body = { error: 'invalid_grant', error_description: `${why}: ${overBecause(consent, why)}` }
}

/** In the characters of RFC 6749, section 5.2. */
function overBecause({ status, endedReason }: Consent, why: NonNullable<ReturnType<typeof whyOver>>): string {
  if (why === 'consent_expired')
    return 'the period that the customer agreed to has ended; the customer has to connect again'
  if (status === 'replaced')
    return 'the customer has connected or renewed since, and tokens of that count; use those'
  if (status === 'unused')
    return 'its authorization code was not exchanged in time; the customer has to connect again'
  if (endedReason === 'code-replayed')
    return 'its authorization code was used more than once; the customer has to connect again'
  return 'this connection was stopped; the customer has to connect again to go on'
}

function atIntrospection(ctx: KoaContextWithOIDC): void {
  const body: unknown = ctx.body
  if (!body || typeof body !== 'object' || !('active' in body) || body.active !== true) return
  if (ctx.oidc.entities.ClientCredentials) return
  const consent = consentOfAnswer(ctx)
  ctx.body = consent ? { ...body, ...aboutConsent(consent) } : { active: false }
}

function aboutConsent({ arrangementId, number, endsAt }: Standing) {
  return {
    grant_id: arrangementId,
    consent_id: number,
    consent_expires_at: Math.floor(endsAt / 1000),
  }
}
