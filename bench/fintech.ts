/** A fintech's server over real HTTP: pushes requests, exchanges codes, and goes on with the tokens. */
import { newRequestOf } from '../test/support/fintech.ts'
import { type Answer, Failed, type Wire } from './browser.ts'
import type { Fintech } from './installation.ts'

export type Tokens = { readonly access: string; readonly refresh: string }

/** What a call was answered. */
export type Called = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

/** Everything here throws Failed where there was no answer at all. */
export type FintechServer = {
  /** Pushes a new request: where the customer is sent, and what proves later who asked. @throws Failed when it is refused */
  readonly push: () => Promise<{ readonly address: string; readonly verifier: string }>
  readonly exchange: (code: string, verifier: string) => Promise<Called>
  /** @param options whether `openid` is asked for again, which gives an ID token; the bare engine gives one in any case */
  readonly refresh: (refreshToken: string, options?: { readonly idToken: boolean }) => Promise<Called>
  readonly introspect: (token: string) => Promise<Called>
  readonly revoke: (token: string) => Promise<Called>
  /** GET of the accounts API, such as `/api/accounts` */
  readonly api: (path: string, accessToken: string) => Promise<Called>
}

export function openFintechServer(
  wire: Wire,
  { clientId, clientSecret, redirectUri }: Fintech,
): FintechServer {
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  let calls = 0

  const call = async (name: string, fields: Record<string, string>): Promise<Called> => {
    calls += 1
    const headers = {
      authorization,
      'content-type': 'application/x-www-form-urlencoded',
      'x-forwarded-for': addressOf(calls),
    }
    const body = new URLSearchParams(fields).toString()
    return called(await wire.send({ name, method: 'POST', path: `/${name}`, headers, body }))
  }

  return {
    async push() {
      const { verifier, parameters } = newRequestOf({ clientId, redirectUri })
      const { status, body } = await call('par', parameters)
      if (status !== 201) throw new Failed('par', status, JSON.stringify(body))
      const asked = new URLSearchParams({ client_id: clientId, request_uri: String(body.request_uri) })
      return { verifier, address: `/authorize?${asked.toString()}` }
    },
    exchange: (code, verifier) =>
      call('token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }),
    refresh: (token, { idToken } = { idToken: false }) =>
      call('token', {
        grant_type: 'refresh_token',
        refresh_token: token,
        ...(idToken ? { scope: 'openid balances transactions' } : {}),
      }),
    introspect: (token) => call('introspect', { token }),
    revoke: (token) => call('revoke', { token }),
    async api(path, token) {
      calls += 1
      const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': addressOf(calls) }
      return called(await wire.send({ name: 'api', method: 'GET', path, headers }))
    },
  }
}

/** @throws Failed when the exchange was refused */
export function tokensIn({ status, body }: Called): Tokens {
  if (status !== 200) throw new Failed('token', status, JSON.stringify(body))
  return { access: String(body.access_token), refresh: String(body.refresh_token) }
}

const called = ({ status, body }: Answer): Called => ({
  status,
  body: body.startsWith('{') ? (JSON.parse(body) as Record<string, unknown>) : {},
})

/** Customers come from everywhere, and fintechs from many machines: spread over 10.0.0.0/8, the same for the same number. */
export function addressOf(number: number): string {
  const spread = Math.imul(number + 1, 2_654_435_761) >>> 8
  return `10.${spread >>> 16}.${(spread >>> 8) & 255}.${spread & 255}`
}
