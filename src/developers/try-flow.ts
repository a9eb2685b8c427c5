/**
 * A whole connection, one request at a time, as a fintech under FAPI 2.0 makes it: read it beside the page that shows what went
 * over the wire. The client is the sandbox's own; its private key lies sealed in the store, so that nobody has to hand in his.
 */
import type { webcrypto } from 'node:crypto'
import { importJWK, type JWK } from 'jose'
import * as client from 'openid-client'
import { z } from 'zod'
import type { Send, Wire } from '../demo/wire.ts'
import { createWireTap, keepRedirect } from '../demo/wire.ts'
import { sealedSecret } from '../store/sealed-secrets.ts'
import { writtenAs } from './sandbox.ts'
import type { DeveloperParts } from './visit.ts'
import { trySteps } from './words.ts'

export const tryClientId = 'sandbox-try-it'

const exchanges = z.array(
  z.object({
    channel: z.enum(['front', 'back']),
    meaning: z.string(),
    sent: z.string(),
    received: z.string(),
  }),
)

/** What is known from the steps before; sealed wherever it lies. */
export const tryState = z.object({
  done: z.array(z.object({ step: z.enum(trySteps), exchanges })),
  verifier: z.string(),
  state: z.string(),
  bankUrl: z.string().optional(),
  accessToken: z.string().optional(),
  refreshToken: z.string().optional(),
  accounts: z.array(z.object({ id: z.string(), text: z.string() })).default([]),
  balances: z.array(z.object({ account: z.string(), yen: z.string() })).default([]),
  /** the error code with which the try ended */
  failure: z.string().optional(),
})

export type TryState = z.infer<typeof tryState>

export const newTry = (): TryState => ({
  done: [],
  verifier: client.randomPKCECodeVerifier(),
  state: client.randomState(),
  accounts: [],
  balances: [],
})

const accountsAnswer = z.object({
  accounts: z.array(
    z.object({
      accountId: z.string(),
      branchName: z.string(),
      accountTypeName: z.string(),
      accountNumber: z.string(),
    }),
  ),
})

/** @param send carries a request to this very server */
export function createTryFlow(parts: DeveloperParts, send: Send) {
  const issuer = parts.settings.publicUrl
  const redirectUri = callbackAt(issuer)
  const tap = createWireTap(send)
  const ready = once(() => prepare(parts, redirectUri))

  const configure = async (): Promise<{ configuration: client.Configuration; dpop: client.DPoPHandle }> => {
    const keys = await ready()
    const configuration = await client.discovery(
      new URL(issuer),
      tryClientId,
      { dpop_bound_access_tokens: true },
      client.PrivateKeyJwt({ key: keys.privateKey, kid: 'try-it' }),
      {
        [client.customFetch]: tap.fetch,
        execute: issuer.startsWith('http:') ? [client.allowInsecureRequests] : [],
      },
    )
    return { configuration, dpop: client.getDPoPHandle(configuration, keys) }
  }

  const resource = async (path: string, accessToken: string): Promise<unknown> => {
    const { configuration, dpop } = await silently(configure)
    const url = new URL(`${issuer}/api/accounts${path}`)
    const response = await client.fetchProtectedResource(
      configuration,
      accessToken,
      url,
      'GET',
      null,
      undefined,
      { DPoP: dpop },
    )
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    return response.json()
  }

  /** What is outside a record is not shown: discovery is, the first time. */
  const silently = <Value>(work: () => Promise<Value>): Promise<Value> => tap.record([], work)

  const steps = {
    async push(now: TryState): Promise<Partial<TryState>> {
      const { configuration } = await configure()
      const url = await client.buildAuthorizationUrlWithPAR(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid offline_access balances transactions',
        state: now.state,
        code_challenge: await client.calculatePKCECodeChallenge(now.verifier),
        code_challenge_method: 'S256',
      })
      return { bankUrl: url.href }
    },

    async exchange(now: TryState, back: URL): Promise<Partial<TryState>> {
      const { configuration, dpop } = await silently(configure)
      const tokens = await client.authorizationCodeGrant(
        configuration,
        back,
        { expectedState: now.state, pkceCodeVerifier: now.verifier },
        undefined,
        { DPoP: dpop },
      )
      return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token }
    },

    async accounts({ accessToken = '' }: TryState): Promise<Partial<TryState>> {
      const { accounts } = accountsAnswer.parse(await resource('', accessToken))
      return {
        accounts: accounts.map(({ accountId, branchName, accountTypeName, accountNumber }) => ({
          id: accountId,
          text: `${branchName} ${accountTypeName} ${accountNumber}`,
        })),
      }
    },

    async balances({ accounts, accessToken = '' }: TryState): Promise<Partial<TryState>> {
      const balances: TryState['balances'] = []
      for (const { id, text } of accounts.slice(0, 3)) {
        const said = await resource(`/${encodeURIComponent(id)}/balances`, accessToken)
        balances.push({ account: text, yen: z.object({ balance: z.string() }).parse(said).balance })
      }
      return { balances }
    },

    async refresh({ refreshToken = '' }: TryState): Promise<Partial<TryState>> {
      const { configuration, dpop } = await silently(configure)
      const tokens = await client.refreshTokenGrant(configuration, refreshToken, undefined, { DPoP: dpop })
      return { accessToken: tokens.access_token }
    },
  }

  /** One step with what went over the wire; a failure ends the try and says why. */
  async function take(
    now: TryState,
    step: keyof typeof steps,
    work: () => Promise<Partial<TryState>>,
  ): Promise<TryState> {
    const wire: Wire = []
    const learned = await tap.record(wire, work).catch((error: unknown) => ({ failure: codeOf(error) }))
    return { ...now, ...learned, done: [...now.done, { step, exchanges: [...wire] }] }
  }

  return {
    redirectUri,
    push: (now: TryState) => take(now, 'push', () => steps.push(now)),
    next: (now: TryState, step: 'accounts' | 'balances' | 'refresh') =>
      take(now, step, () => steps[step](now)),
    /** @param search of the address that the customer came back to */
    back(now: TryState, search: string): Promise<TryState> {
      const url = new URL(redirectUri)
      url.search = search
      const wire: Wire = []
      keepRedirect(wire, new URL(now.bankUrl ?? issuer))
      keepRedirect(wire, url)
      const done = [...now.done, { step: 'authorize' as const, exchanges: [...wire] }]
      return take({ ...now, done }, 'exchange', () => steps.exchange(now, url))
    },
  }
}

/** Where plain http is for this machine only, a registered address says so by its number. */
const callbackAt = (issuer: string): string =>
  `${issuer.replace(/^http:\/\/localhost(?=:|$)/, 'http://127.0.0.1')}/developers/try/callback`

/** Registers the client at its first use; its key is made once and kept sealed. */
async function prepare(parts: DeveloperParts, redirectUri: string) {
  const text = await sealedSecret(parts, `client-key ${tryClientId}`, makeKey)
  const jwk = JSON.parse(text) as JWK
  const { d: _private, ...publicJwk } = jwk
  await parts.clients.put(
    writtenAs(tryClientId, {
      name: '開発者ページのお試し',
      redirectUris: [redirectUri],
      profile: 'fapi2',
      senderConstraint: 'dpop',
      authentication: { method: 'private_key_jwt', signingAlg: 'ES256' },
      keys: { jwks: { keys: [{ ...publicJwk, kid: 'try-it', alg: 'ES256', use: 'sig' }] } },
    }) as Parameters<typeof parts.clients.put>[0],
  )
  return {
    privateKey: (await importJWK(jwk, 'ES256')) as webcrypto.CryptoKey,
    publicKey: (await importJWK(publicJwk, 'ES256', { extractable: true })) as webcrypto.CryptoKey,
  }
}

async function makeKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  return JSON.stringify({ kty, crv, x, y, d })
}

/** A failed beginning is tried again at the next call. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

/** @throws the error itself where it is no answer of the bank's: that is a defect of ours */
function codeOf(error: unknown): string {
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError)
    return error.error
  if (error instanceof client.WWWAuthenticateChallengeError)
    return error.cause[0]?.parameters.error ?? `HTTP ${error.status}`
  if (error instanceof client.ClientError) return error.code ?? error.name
  if (error instanceof z.ZodError) return 'unexpected_answer'
  if (error instanceof Error && error.message.startsWith('HTTP ')) return error.message
  throw error
}
