/** What a demo fintech asks for, what it keeps of the answer, and what it says of it when it renews. */
import type { TokenEndpointResponse } from 'openid-client'

export type Tokens = {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** the bank's name for the connection, the same over renewals */
  readonly grantId: string | undefined
  readonly scopes: readonly string[]
}

export const scope = 'openid offline_access balances transactions'

/** What an answer leaves out stays as it was (RFC 6749, sections 5.1 and 6). */
export function tokensOf(answer: TokenEndpointResponse, former?: Tokens): Tokens {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? former?.refreshToken,
    idToken: answer.id_token ?? former?.idToken,
    grantId: typeof answer.grant_id === 'string' ? answer.grant_id : former?.grantId,
    scopes: answer.scope?.split(' ') ?? former?.scopes ?? scope.split(' '),
  }
}

/** A renewal says more than a first request: which connection it goes on with, and whose it is. */
export function renewalOf({ idToken, grantId }: Tokens): Record<string, string> {
  return { ...(idToken && { id_token_hint: idToken }), ...(grantId && { grant_id: grantId }) }
}
