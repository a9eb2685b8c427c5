/**
 * What a request of the engine has read already: it asks for one token in three guises, for its consent, and then we ask
 * for that again. A request sees one state of a token and its consent, and nothing of it outlives the request.
 */
import Provider, { type KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../store/open.ts'
import { findStanding, findTokens, type KeptToken, type Standing, type TokenModel } from '../store/tokens.ts'

type Read = {
  readonly tokens: Map<string, Promise<readonly KeptToken[]>>
  readonly consents: Map<string, Standing | undefined>
}

const reads = new WeakMap<object, Read>()

function readOf(ctx: object | undefined): Read {
  const known = ctx && reads.get(ctx)
  const read = known ?? { tokens: new Map(), consents: new Map() }
  if (ctx) reads.set(ctx, read)
  return read
}

const tokenModels: Readonly<Record<TokenModel, true>> = {
  AccessToken: true,
  AuthorizationCode: true,
  ClientCredentials: true,
  RefreshToken: true,
}

export const isTokenModel = (model: string): model is TokenModel => Object.hasOwn(tokenModels, model)

export async function findToken(db: Database, model: TokenModel, id: string): Promise<KeptToken | undefined> {
  const { tokens, consents } = readOf(Provider.ctx)
  const asked = tokens.get(id) ?? findTokens(db, id)
  tokens.set(id, asked)
  const found = await asked
  for (const { grantId, consent } of found) if (grantId) consents.set(grantId, consent)
  return found.find((token) => token.model === model)
}

/** The consent of a grant, as it was when the token was read. */
export async function standingOf(db: Database, id: string): Promise<Standing | undefined> {
  const { consents } = readOf(Provider.ctx)
  if (!consents.has(id)) consents.set(id, await findStanding(db, id))
  return consents.get(id)
}

/** The consent behind the engine's answer. */
export function consentOfAnswer(ctx: KoaContextWithOIDC): Standing | undefined {
  return readOf(ctx).consents.get(ctx.oidc.entities.Grant?.jti ?? '')
}
