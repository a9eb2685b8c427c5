/**
 * A token as a request presents it at one of our own resources, with the proof that the token asks for: none, a key
 * (DPoP, RFC 9449) or a certificate (RFC 8705). What the token opens is the business of whoever asked.
 */
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { AccessToken, ClientCredentials, default as Provider } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { presentedCertificate } from '../certificate/presented.ts'
import type { Clock } from '../clock.ts'
import type { Client, Clients } from '../store/clients.ts'
import { EngineAway } from './database-away.ts'
import { readProof } from './proof.ts'

export type PossessionParts = {
  readonly provider: Provider
  readonly clients: Clients
  readonly clock: Clock
  /** of the listener that the request came to: what a proof must name */
  readonly origin: string
}

/** Why a presented token does not count; `detail` is for the client's developer, in ASCII. */
export type NotPresented = {
  readonly fault: 'no-token' | 'unknown-token' | 'wrong-scheme' | 'wrong-proof' | 'wrong-certificate'
  readonly detail?: string
  /** whose token it was */
  readonly client?: string
}

type Presented<Token> = {
  readonly token: Token
  /** whose it is, as registered now */
  readonly registered: Client | undefined
}

type Kept = AccessToken | ClientCredentials

/**
 * The token, also one that has run out: whoever holds it may be told why.
 * @param find how the tokens that may be presented here are found
 */
export async function presentedToken<Token extends Kept>(
  parts: PossessionParts,
  request: FastifyRequest,
  find: (value: string) => Promise<Token | undefined>,
): Promise<Presented<Token> | NotPresented> {
  const [, scheme = '', value] =
    /^(bearer|dpop) +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!value) return { fault: 'no-token' }
  const token = await find(value)
  if (!token?.clientId) return { fault: 'unknown-token' }
  const { clientId: client } = token
  const refused = (fault: NotPresented['fault'], detail: string): NotPresented => ({
    fault,
    detail,
    client,
  })
  const registered = await parts.clients.find(client)
  // Registered otherwise since the token was given: a token that anybody could use is none under FAPI.
  if (!token.isSenderConstrained() && registered && registered.senderConstraint !== 'none')
    return refused('unknown-token', 'this token is from before tokens of this client were bound; refresh it')
  if ((scheme.toLowerCase() === 'dpop') !== (token.jkt !== undefined)) {
    return token.jkt
      ? refused('wrong-scheme', 'this token is bound to a key: send it as DPoP with a proof')
      : refused('wrong-scheme', 'this token is not bound to a key: send it as Bearer')
  }
  if (token['x5t#S256'] && token['x5t#S256'] !== thumbprintOf(request))
    return refused('wrong-certificate', 'this token is bound to another client certificate')
  if (token.jkt) {
    const wrong = await provenWrong(parts, request, { value, token })
    if (wrong) return refused('wrong-proof', wrong)
  }
  return { token, registered }
}

function thumbprintOf({ raw }: FastifyRequest): string | undefined {
  const { certificate } = presentedCertificate(raw) ?? {}
  return certificate && createHash('sha256').update(certificate.raw).digest('base64url')
}

async function provenWrong(
  { provider, clock, origin }: PossessionParts,
  request: FastifyRequest,
  { value, token }: { readonly value: string; readonly token: Kept },
): Promise<string | undefined> {
  const [header, ...more] = proofsIn(request.raw.rawHeaders)
  if (header === undefined) return 'the DPoP proof is missing'
  if (more.length > 0) return 'there is more than one DPoP proof'
  const { pathname } = new URL(request.url, origin)
  const proof = await readProof(header, {
    method: request.method,
    url: `${origin}${pathname}`,
    token: value,
    clock,
  })
  if (!proof.ok) return proof.reason
  const { thumbprint, jti, endsAt } = proof.value
  if (thumbprint !== token.jkt) return 'it is signed with another key than the token is bound to'
  const isFirst = await provider.ReplayDetection.unique(thumbprint, jti, Math.ceil(endsAt / 1000)).catch(lost)
  return isFirst ? undefined : 'this proof was used before'
}

/** @param rawHeaders names and values in turn; Node would join two headers into one text */
const proofsIn = (rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'dpop')

/** Another request with the same proof was faster. A database that is away says nothing about the proof. */
function lost(error: unknown): false {
  if (error instanceof errors.OIDCProviderError && !(error instanceof EngineAway)) return false
  throw error
}
