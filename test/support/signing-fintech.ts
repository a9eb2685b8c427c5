/** A fintech by hand: every assertion, proof and signed request of it is right, but for what a test changes. */
import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
} from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { registration } from '../../src/store/registration.ts'
import type { TestBank } from './bank.ts'
import type { Answer } from './fintech.ts'
import { agree, commonRegistration, redirectUri } from './strict-fintech.ts'

export type Key = { readonly privateKey: KeyObject; readonly jwk: Record<string, unknown> }

export type Change = {
  /** undefined leaves one out */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  /** signs with another key, though it says nothing of it */
  readonly key?: Key
  /** of the signature, whatever the header says */
  readonly alg?: keyof typeof signers
}

export type Sent = {
  /** null: none at all */
  readonly assertion?: string | null
  readonly proof?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

type Fields = Readonly<Record<string, string | undefined>>

export type SigningFintech = Awaited<ReturnType<typeof signingFintech>>

export async function signingFintech(
  bank: TestBank,
  registered: Partial<z.input<typeof registration>> & { readonly id: string },
) {
  const issuer = bank.settings.publicUrl
  const key = makeKey()
  const proofKey = makeKey()
  const client: z.input<typeof registration> = {
    ...commonRegistration,
    profile: 'fapi2',
    senderConstraint: 'dpop',
    authentication: { method: 'private_key_jwt' },
    keys: { jwks: { keys: [key.jwk] } },
    ...registered,
  }
  await bank.clients.put(client)
  const { id } = client
  const byProof = client.senderConstraint === 'dpop'
  const signs = client.profile === 'fapi2-message-signing'

  const assertion = (change: Change = {}) =>
    jws(
      { iss: id, sub: id, aud: issuer, jti: randomUUID(), iat: now(), exp: now() + 60 },
      { alg: 'ES256', kid: key.jwk['kid'] },
      { key, ...change },
    )

  /** @param at path, of the issuer's own origin */
  const proof = (
    at: { readonly path: string; readonly method?: string; readonly token?: string },
    { key: signing = proofKey, ...change }: Change = {},
  ) =>
    jws(
      {
        jti: randomUUID(),
        htm: at.method ?? 'POST',
        htu: issuer + at.path,
        iat: now(),
        ath: at.token === undefined ? undefined : createHash('sha256').update(at.token).digest('base64url'),
      },
      { typ: 'dpop+jwt', alg: 'ES256', jwk: publicPart(signing) },
      { key: signing, ...change },
    )

  const requestObject = (parameters: Fields, change: Change = {}) =>
    jws(
      { iss: id, aud: issuer, nbf: now(), exp: now() + 300, ...parameters },
      { typ: 'oauth-authz-req+jwt', alg: 'ES256', kid: key.jwk['kid'] },
      { key, ...change },
    )

  const form = async (path: string, fields: Fields, sent: Sent = {}): Promise<Answer> => {
    const proven = sent.proof === undefined && byProof && path === '/token' ? proof({ path }) : sent.proof
    const authenticated =
      sent.assertion === null
        ? {}
        : {
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: sent.assertion ?? assertion(),
          }
    return answerOf(
      await bank.server.inject({
        method: 'POST',
        url: path,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(proven ? { dpop: proven } : {}),
          ...sent.headers,
        },
        payload: new URLSearchParams(withoutMissing({ ...authenticated, ...fields })).toString(),
      }),
    )
  }

  /** A request as it would be pushed, and what is needed afterwards. */
  const newRequest = (changes: Fields = {}) => {
    const verifier = randomBytes(32).toString('base64url')
    const parameters: Fields = {
      client_id: id,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid offline_access balances transactions',
      state: randomBytes(16).toString('base64url'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(signs ? { response_mode: 'jwt' } : {}),
      ...changes,
    }
    return { verifier, parameters }
  }

  const push = (parameters: Fields, sent?: Sent) =>
    form('/par', signs ? { client_id: id, request: requestObject(parameters) } : parameters, sent)

  const exchange = (
    code: string,
    verifier: string,
    { fields = {}, ...sent }: Sent & { fields?: Fields } = {},
  ) =>
    form(
      '/token',
      {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        ...fields,
      },
      sent,
    )

  /** The customer agrees; ends before the code is exchanged. */
  const returnWithCode = async (
    changes: Fields = {},
    { loginId = 'mihon02', ...sent }: Sent & { readonly loginId?: string } = {},
  ) => {
    const { verifier, parameters } = newRequest(changes)
    const { status, body } = await push(parameters, sent)
    if (status !== 201) throw new Error(`the request was refused: ${JSON.stringify(body)}`)
    const back = await agree(bank, authorizeAddress(id, body['request_uri']), { loginId })
    return { back, code: back.searchParams.get('code') ?? '', verifier, parameters }
  }

  return {
    id,
    key,
    proofKey,
    assertion,
    proof,
    requestObject,
    form,
    newRequest,
    push,
    exchange,
    returnWithCode,
    refresh: (token: string, { fields = {}, ...sent }: Sent & { fields?: Fields } = {}) =>
      form('/token', { grant_type: 'refresh_token', refresh_token: token, ...fields }, sent),
    /** From the button to the tokens. */
    async connect(changes: Fields = {}, loginId?: string) {
      const { code, verifier } = await returnWithCode(changes, loginId === undefined ? {} : { loginId })
      const { status, body } = await exchange(code, verifier)
      if (status !== 200) throw new Error(`the code was refused: ${JSON.stringify(body)}`)
      return { access: String(body['access_token']), refresh: String(body['refresh_token']), body }
    },
    /** Reads the accounts, with whatever headers there are. */
    accounts: (headers: Readonly<Record<string, string | string[]>>, server: FastifyInstance = bank.server) =>
      server.inject({ url: '/api/accounts', headers }).then(answerOf),
  }
}

/** Where the browser is sent with a pushed request. */
export const authorizeAddress = (id: string, requestUri: unknown): string =>
  `/authorize?${new URLSearchParams({ client_id: id, request_uri: String(requestUri) }).toString()}`

export function makeKey(alg: 'ES256' | 'PS256' | 'EdDSA' = 'ES256'): Key {
  const { privateKey, publicKey } = {
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    EdDSA: () => generateKeyPairSync('ed25519'),
  }[alg]()
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig' } }
}

/** Without what a registered key says beyond itself. */
export const publicPart = ({ jwk: { kid: _1, use: _2, ...members } }: Key): Record<string, unknown> => members

export const now = (): number => Math.floor(Date.now() / 1000)

function jws(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>>,
  change: Change & { readonly key: Key },
): string {
  const said = { ...header, ...change.header }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(said)}.${part({ ...claims, ...change.claims })}`
  // Of an algorithm that we cannot sign with, only the name is wrong.
  const alg = [change.alg, said['alg']].find(isKnown) ?? 'ES256'
  return `${input}.${signers[alg](change.key.privateKey, Buffer.from(input)).toString('base64url')}`
}

const signers = {
  ES256: (key: KeyObject, data: Buffer) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  PS256: (key: KeyObject, data: Buffer) =>
    sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  RS256: (key: KeyObject, data: Buffer) => sign('sha256', data, key),
  EdDSA: (key: KeyObject, data: Buffer) => sign(null, data, key),
  none: () => Buffer.alloc(0),
} as const

const isKnown = (alg: unknown): alg is keyof typeof signers =>
  typeof alg === 'string' && Object.hasOwn(signers, alg)

function answerOf({
  statusCode,
  headers,
  body,
}: {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}): Answer {
  const isJson = String(headers['content-type']).startsWith('application/json')
  return { status: statusCode, headers, body: isJson ? (JSON.parse(body) as Record<string, unknown>) : {} }
}

const withoutMissing = (fields: Fields): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
