/** Blocks to copy and paste, with a sandbox client's own values in them. What is in them passed the registration's rules. */
import type { Client } from '../store/clients.ts'
import type { SampleName } from './words.ts'

export type Snippet = { readonly sample: SampleName; readonly text: string }

/** @param options.clientSecret null where it is not to be shown: its place says so */
export function snippetsFor(
  client: Client,
  { issuer, clientSecret }: { readonly issuer: string; readonly clientSecret: string | null },
): readonly Snippet[] {
  const { method } = client.authentication
  const [redirectUri = ''] = client.redirectUris
  const bySecret = method === 'client_secret_basic'
  const common = { ISSUER: issuer, CLIENT_ID: client.id, REDIRECT_URI: redirectUri }
  const proof = bySecret ? { CLIENT_SECRET: clientSecret ?? '…' } : { KEY_FILE: 'key.pem' }
  return samplesFor(client).map((sample) => ({
    sample,
    text: [
      ...Object.entries({ ...common, ...proof }).map(([name, value]) => `export ${name}=${quoted(value)}`),
      commands[sample],
    ].join('\n'),
  }))
}

/** Those whose way of authenticating and whose tokens are this client's. */
function samplesFor({
  authentication: { method },
  senderConstraint,
  profile,
}: Client): readonly SampleName[] {
  if (method === 'client_secret_basic' && senderConstraint === 'none')
    return ['openid-client.js', 'python-authlib.py', 'curl.sh']
  const isProven = method === 'private_key_jwt' && senderConstraint === 'dpop'
  return isProven && profile !== 'fapi2-message-signing' ? ['oauth4webapi.js', 'openid-client.js'] : []
}

const commands: Readonly<Record<SampleName, string>> = {
  'openid-client.js': 'node docs/samples/openid-client.js',
  'oauth4webapi.js': 'node docs/samples/oauth4webapi.js',
  'python-authlib.py': 'python3 docs/samples/python-authlib.py',
  'curl.sh': 'sh docs/samples/curl.sh',
}

/** For a shell, whatever is in it. */
const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`
