/** What a fintech's assertion must say beyond what the engine checks of every one: for whom it is, and when it was made. */
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'

/**
 * Seconds that a fintech's clock may be ahead of ours, or its assertion be over: FAPI 2.0 Security Profile, section
 * 5.3.2.1, asks for 10 at least and 60 at most. The engine keeps its own codes and tokens to the second.
 */
export const clockTolerance = 15

type AssertClaims = NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']>

/**
 * Takes the place of the engine's own check, which knows the audience alone.
 * @param isFapi whether this client must name the issuer, as a string and alone (section 5.3.2.1)
 */
export function assertionClaims(isFapi: (client: unknown) => boolean): AssertClaims {
  return async (ctx: KoaContextWithOIDC, claims, _header, client) => {
    if (isFapi(client) && claims['aud'] !== ctx.oidc.issuer)
      throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url')
    const now = Math.floor(Date.now() / 1000)
    // With `exp`, which it must have, the engine does not look at `iat`.
    if (typeof claims['iat'] === 'number' && claims['iat'] > now + clockTolerance)
      throw new errors.InvalidClientAuth('iat must not be in the future')
  }
}
