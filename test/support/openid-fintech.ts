/** The same fintech by another library: openid-client, as most fintechs in this language will use it. */
import * as client from 'openid-client'
import type { TestBank } from './bank.ts'
import { agree, commonRegistration, fetchBy, redirectUri, type StrictOptions } from './strict-fintech.ts'

/**
 * Registers it, and takes one customer from its button to the accounts; whatever is not right throws.
 * @param fetch how it calls the bank: over inject unless told
 */
export async function openidFintech(
  bank: TestBank,
  { registered, authentication, certificate, dpop, signing }: StrictOptions,
  fetch: client.CustomFetch = fetchBy(bank, certificate),
) {
  await bank.clients.put({ ...commonRegistration, ...registered })
  const issuer = bank.settings.publicUrl
  const config = await client.discovery(
    new URL(issuer),
    registered.id,
    { use_mtls_endpoint_aliases: certificate !== undefined },
    // Its published type leaves out the promise that it awaits.
    authentication as client.ClientAuth,
    {
      algorithm: 'oauth2',
      [client.customFetch]: fetch,
      execute: issuer.startsWith('http:') ? [client.allowInsecureRequests] : [],
    },
  )
  if (signing) client.useJwtResponseMode(config)
  const byProof = dpop ? { DPoP: client.getDPoPHandle(config, dpop) } : {}

  const push = async () => {
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedState = client.randomState()
    const parameters = {
      redirect_uri: redirectUri,
      scope: 'offline_access balances transactions',
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    }
    const signed = signing && (await client.buildAuthorizationUrlWithJAR(config, parameters, signing))
    const address = await client.buildAuthorizationUrlWithPAR(
      config,
      signed?.searchParams ?? parameters,
      byProof,
    )
    return { address, pkceCodeVerifier, expectedState }
  }

  return {
    /** From the button to the tokens. */
    async connect() {
      const { address, ...checks } = await push()
      const back = await agree(bank, address.pathname + address.search)
      return client.authorizationCodeGrant(config, back, checks, undefined, byProof)
    },
    refresh: (token: string) => client.refreshTokenGrant(config, token, undefined, byProof),
    /** @param origin of the API; that for certificates where this fintech has one */
    resource: (token: string, origin = certificate ? (bank.settings.mutualTls?.url ?? '') : issuer) =>
      client.fetchProtectedResource(
        config,
        token,
        new URL('/api/accounts', origin),
        'GET',
        null,
        new Headers(),
        byProof,
      ),
    revoke: (token: string) => client.tokenRevocation(config, token),
  }
}
