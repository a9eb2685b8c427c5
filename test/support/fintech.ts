/** A fintech's server side over inject: pushes requests, exchanges codes, refreshes, calls the accounts API. */
import { createHash, randomBytes } from 'node:crypto'
import type { TestBank } from './bank.ts'

export type Answer = {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Readonly<Record<string, unknown>>
}

export type Fintech = ReturnType<typeof openFintech>

export function openFintech(bank: TestBank, clientId: 'demo-kakeibo' | 'demo-kaikei' = 'demo-kakeibo') {
  const { settings, fintechs } = bank
  const registered = fintechs.find((one) => one.clientId === clientId)
  if (!registered) throw new Error(`no such fintech: ${clientId}`)
  const { clientSecret } = registered
  return fintechWith(bank, {
    clientId,
    clientSecret,
    redirectUri: `${settings.fintechUrl}/callback/${clientId}`,
  })
}

/** Any client that authenticates by secret. */
export function fintechWith(
  { server }: Pick<TestBank, 'server'>,
  {
    clientId,
    clientSecret,
    redirectUri,
  }: { readonly clientId: string; readonly clientSecret: string; readonly redirectUri: string },
) {
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`

  const form = async (
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const answer = await server.inject({
      method: 'POST',
      url: path,
      headers: {
        authorization: basic,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        ...headers,
      },
      payload: new URLSearchParams(fields).toString(),
    })
    return {
      status: answer.statusCode,
      body: answer.body === '' ? {} : answer.json(),
      headers: answer.headers,
    }
  }

  return {
    clientId,
    redirectUri,
    clientSecret,
    form,
    /** A request as a fintech would make it; `state` and the PKCE verifier are remembered by the caller. */
    newRequest(overrides: Record<string, string | undefined> = {}) {
      const { verifier, parameters } = newRequestOf({ clientId, redirectUri })
      return { verifier, parameters: withoutMissing({ ...parameters, ...overrides }) }
    },
    push: (parameters: Record<string, string>) => form('/par', parameters),
    /** The address that the browser is sent to, with a pushed request. */
    async authorizeAddress(parameters: Record<string, string>): Promise<string> {
      const { status, body } = await form('/par', parameters)
      if (status !== 201) throw new Error(`the pushed request was refused: ${JSON.stringify(body)}`)
      return `/authorize?${new URLSearchParams({ client_id: clientId, request_uri: String(body.request_uri) }).toString()}`
    },
    exchange: (code: string, verifier: string, overrides: Record<string, string> = {}) =>
      form('/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        ...overrides,
      }),
    refresh: (refreshToken: string) =>
      form('/token', { grant_type: 'refresh_token', refresh_token: refreshToken }),
    introspect: (token: string) => form('/introspect', { token }),
    revoke: (token: string) => form('/revoke', { token }),
    async api(path: string, token: string): Promise<Answer> {
      const answer = await server.inject({
        method: 'GET',
        url: path,
        headers: { authorization: `Bearer ${token}` },
      })
      return { status: answer.statusCode, body: answer.json(), headers: answer.headers }
    },
  }
}

/** What a fintech pushes, with the verifier that it keeps. */
export function newRequestOf({
  clientId,
  redirectUri,
}: {
  readonly clientId: string
  readonly redirectUri: string
}) {
  const verifier = randomBytes(32).toString('base64url')
  const parameters = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid offline_access balances transactions',
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  return { verifier, parameters }
}

function withoutMissing(parameters: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
