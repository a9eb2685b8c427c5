/** What a rich request asks the database in the midst of the engine's route. */
import type { AccessToken, KoaContextWithOIDC, RefreshToken } from 'oidc-provider'
import { expect, it } from 'vitest'
import { richRequests } from '../../src/provider/rich-requests.ts'
import { DatabaseAway } from '../../src/store/database-away.ts'

it('a database that goes away between the token and what was granted is 503 to the engine, as everywhere else', async () => {
  const { authorizationDetailsForAccessToken, authorizationDetailsForIntrospection } = richRequests({
    publicUrl: 'https://connect.bank.example',
    consents: { findLive: () => Promise.reject(new DatabaseAway(new Error('connection terminated'))) },
    allowedScopes: () => ['balances'],
  })
  const ctx = { oidc: { params: {} } } as KoaContextWithOIDC
  const kept = { grantId: 'a-grant', scope: 'balances' }
  const token = kept as AccessToken
  const away = { statusCode: 503, error: 'temporarily_unavailable' }
  for (const answer of [
    authorizationDetailsForAccessToken(ctx, token, kept as RefreshToken, 'refresh_token'),
    authorizationDetailsForIntrospection(ctx, token),
  ])
    await expect(answer).rejects.toMatchObject(away)
})
