/**
 * The yardstick: node-oidc-provider as it comes, on its in-memory adapter and plain node:http, with the same client and the
 * features of ours that a fintech meets. Its interaction is one form that signs in and consents at once; it keeps nothing.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import Provider from 'oidc-provider'
import { makeSigningKeys, readSigningKeys } from '../src/provider/keys.ts'
import { hashSecret, secretMatches } from '../src/bank/simulator/secret-hash.ts'
import { password } from './bank.ts'

const { PORT = '', PUBLIC_URL = '', CLIENT = '' } = process.env
const { clientId, clientSecret, redirectUri } = JSON.parse(CLIENT) as Record<string, string>
const resource = `${PUBLIC_URL}/api`
const scope = 'balances transactions'
const hash = await hashSecret(password)
const day = 86_400

const isOwn = (_ctx: unknown, client: { clientId: string }, token: { clientId?: string | undefined }) =>
  token.clientId === client.clientId

const provider = new Provider(PUBLIC_URL, {
  jwks: readSigningKeys(await makeSigningKeys()),
  clients: [
    {
      client_id: clientId ?? '',
      client_secret: clientSecret ?? '',
      redirect_uris: [redirectUri ?? ''],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
      subject_type: 'pairwise',
    },
  ],
  routes: {
    authorization: '/authorize',
    token: '/token',
    pushed_authorization_request: '/par',
    introspection: '/introspect',
    revocation: '/revoke',
  },
  scopes: ['openid', 'offline_access'],
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: (_ctx, accountId, client) => `${client.clientId} ${accountId}`,
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  pkce: { required: () => true },
  rotateRefreshToken: false,
  issueRefreshToken: () => true,
  expiresWithSession: () => false,
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  features: {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    pushedAuthorizationRequests: { enabled: true },
    revocation: { enabled: true, allowedPolicy: isOwn },
    introspection: { enabled: true, allowedPolicy: isOwn },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope, audience: resource, accessTokenFormat: 'opaque' }),
    },
  },
  cookies: { keys: ['of the measurement only'] },
  ttl: {
    Interaction: 3600,
    Session: 60,
    AuthorizationCode: 60,
    Grant: 90 * day,
    AccessToken: 300,
    RefreshToken: 90 * day,
    IdToken: 300,
  },
})

/** The whole journey of the baseline. */
async function signInAndConsent(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(await text(request))
  const given = form.get('password')
  if (given !== null && !(await secretMatches(given, hash))) return void response.writeHead(403).end()
  const { params } = await provider.interactionDetails(request, response)
  const accountId = form.get('loginId') ?? ''
  const grant = new provider.Grant({ accountId, clientId: String(params.client_id) })
  grant.addOIDCScope('openid offline_access')
  grant.addResourceScope(resource, scope)
  const result = { login: { accountId }, consent: { grantId: await grant.save() } }
  const location = await provider.interactionResult(request, response, result)
  response.writeHead(303, { location }).end()
}

/** The protected resource: what the token opens, asked in-process. */
async function accounts(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, value = ''] = (request.headers.authorization ?? '').split(' ')
  const token = await provider.AccessToken.find(value)
  const grant = token?.isValid ? await provider.Grant.find(token.grantId ?? '') : undefined
  if (!token || !grant) return void response.writeHead(401).end()
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ accounts: [{ accountId: token.accountId, scope: token.scope }] }))
}

const form =
  '<!DOCTYPE html><title>Sign in</title><form method="post"><input name="loginId"><button>OK</button></form>'
const engine = provider.callback()

const server = createServer((request, response) => {
  const { method, url = '/' } = request
  // What the proxy in front would say: the engine builds its addresses from the request.
  Object.defineProperty(request.socket, 'encrypted', { value: true, configurable: true })
  if (url === '/readyz') response.end('ok')
  else if (url === '/api/accounts') void accounts(request, response)
  else if (!url.startsWith('/interaction/')) void engine(request, response)
  else if (method === 'POST') void signInAndConsent(request, response)
  else response.writeHead(200, { 'content-type': 'text/html' }).end(form)
})
server.listen(Number(PORT), '127.0.0.1')
process.once('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections())
