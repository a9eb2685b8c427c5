// FAPI 2.0 step by step, with oauth4webapi: PAR, private_key_jwt, PKCE and DPoP. Prints a customer's balances.
// Needs ISSUER, CLIENT_ID, REDIRECT_URI (http://127.0.0.1:<port>/…, as registered) and KEY_FILE, a P-256 private key in PEM.
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import * as oauth from 'oauth4webapi'

const { ISSUER = '', CLIENT_ID = '', KEY_FILE = '', REDIRECT_URI = '' } = process.env
const issuer = new URL(ISSUER)
// plain http is only for a demo on your own machine
const http = { [oauth.allowInsecureRequests]: issuer.protocol === 'http:' }

const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http))
const client = { client_id: CLIENT_ID }
const der = createPrivateKey(readFileSync(KEY_FILE)).export({ type: 'pkcs8', format: 'der' })
const curve = { name: 'ECDSA', namedCurve: 'P-256' }
const authentication = oauth.PrivateKeyJwt(
  await crypto.subtle.importKey('pkcs8', der, curve, false, ['sign']),
)
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
const options = { ...http, DPoP }

// 1. Push the request.
const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const wish = new URLSearchParams({
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  scope: 'offline_access balances transactions',
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
})
const handed = await oauth.pushedAuthorizationRequest(as, client, authentication, wish, options)
const pushed = await oauth.processPushedAuthorizationResponse(as, client, handed)

// 2. The customer decides at the bank. He comes back to REDIRECT_URI.
const address = new URL(as.authorization_endpoint)
address.search = new URLSearchParams({ client_id: CLIENT_ID, request_uri: pushed.request_uri }).toString()
const { hostname, port } = new URL(REDIRECT_URI)
const server = createServer().listen(port, hostname)
await once(server, 'listening')
console.log(`Open this in your browser: ${address.href}`)
const [request, reply] = await once(server, 'request')
reply.writeHead(200, { connection: 'close' }).end('Done. Go back to the terminal.')
server.close()

// 3. Check the answer (state, iss) and exchange the code.
const answer = oauth.validateAuthResponse(as, client, new URL(request.url, REDIRECT_URI), state)
const paid = await oauth.authorizationCodeGrantRequest(
  as,
  client,
  authentication,
  answer,
  REDIRECT_URI,
  verifier,
  options,
)
const tokens = await oauth.processAuthorizationCodeResponse(as, client, paid)

// 4. Read. Every call carries a proof of its own, so that a stolen token opens nothing.
const { accounts } = await read('')
for (const { accountId, branchName, accountNumber } of accounts) {
  const { balance } = await read(`/${accountId}/balances`)
  console.log(`${branchName} ${accountNumber}: ${balance} JPY`)
}

async function read(path) {
  const url = new URL(`${ISSUER}/api/accounts${path}`)
  const found = await oauth.protectedResourceRequest(
    tokens.access_token,
    'GET',
    url,
    undefined,
    null,
    options,
  )
  return found.json()
}
