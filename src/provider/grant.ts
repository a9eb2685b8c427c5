/** A consent as the engine's grant: what its tokens may carry, and until when. */
import type { AdapterPayload } from 'oidc-provider'
import type { Standing } from '../store/tokens.ts'
import { apiResource } from './resource.ts'

export function engineGrant(consent: Standing, publicUrl: string): AdapterPayload {
  return {
    kind: 'Grant',
    jti: consent.id,
    accountId: consent.customer,
    clientId: consent.client,
    iat: Math.floor(consent.startsAt / 1000),
    // The engine ends a grant at the start of this second, and the consent lives through its last one.
    exp: Math.ceil(consent.endsAt / 1000),
    openid: { scope: consent.openidScope },
    resources: { [apiResource(publicUrl)]: consent.services.join(' ') },
  }
}
