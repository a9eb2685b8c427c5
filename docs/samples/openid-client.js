// A fintech in one file, with openid-client: connects a customer and prints his balances.
// Needs ISSUER, CLIENT_ID, REDIRECT_URI (http://127.0.0.1:<port>/…, as registered), and either CLIENT_SECRET, or
// KEY_FILE: a P-256 private key in PEM, for private_key_jwt and DPoP (FAPI 2.0).
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import * as client from 'openid-client'

const { ISSUER = '', CLIENT_ID = '', CLIENT_SECRET, KEY_FILE = '', REDIRECT_URI = '' } = process.env

const authentication = CLIENT_SECRET
  ? client.ClientSecretBasic(CLIENT_SECRET)
  : client.PrivateKeyJwt(await readKey(KEY_FILE))
// plain http is only for a demo on your own machine
const execute = ISSUER.startsWith('http:') ? [client.allowInsecureRequests] : []
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, authentication, { execute })
// The key that tokens are bound to; a new one is enough as long as the tokens are not kept.
const keyPair = await client.randomDPoPKeyPair('ES256')
const options = CLIENT_SECRET ? {} : { DPoP: client.getDPoPHandle(config, keyPair) }

// 1. Push the request; remember what is compared when the customer is back.
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const expectedNonce = client.randomNonce()
const address = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: REDIRECT_URI,
    scope: 'openid offline_access balances transactions',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  },
  options,
)

// 2. The customer decides at the bank and comes back with a code.
const back = await comeBack(`Open this in your browser: ${address.href}`)

// 3. Exchange the code. Keep refresh_token and grant_id with your customer; the refresh token stays the same.
const checks = { pkceCodeVerifier, expectedState, expectedNonce }
const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, options)

// 4. Read.
const { accounts } = await read('')
for (const { accountId, branchName, accountNumber } of accounts) {
  const { balance } = await read(`/${accountId}/balances`)
  console.log(`${branchName} ${accountNumber}: ${balance} JPY`)
}

async function read(path) {
  const url = new URL(`${ISSUER}/api/accounts${path}`)
  const token = tokens.access_token
  const answer = await client.fetchProtectedResource(config, token, url, 'GET', null, undefined, options)
  if (!answer.ok) throw new Error(`${url.pathname}: HTTP ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** Listens for one request to REDIRECT_URI. */
function comeBack(said) {
  const { port, hostname, pathname } = new URL(REDIRECT_URI)
  return new Promise((settle) => {
    const server = createServer(({ url }, reply) => {
      const found = new URL(url, REDIRECT_URI)
      if (found.pathname !== pathname) return reply.writeHead(404).end()
      reply.writeHead(200, { connection: 'close' }).end('Done. Go back to the terminal.')
      server.close(() => settle(found))
    }).listen(port, hostname, () => console.log(said))
  })
}

async function readKey(file) {
  const der = createPrivateKey(readFileSync(file)).export({ type: 'pkcs8', format: 'der' })
  return crypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}
