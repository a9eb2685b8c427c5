/** What a demo fintech learns about the bank by itself (OpenID Connect Discovery), and who it is to the bank. */
import * as client from 'openid-client'

export type Fintech = {
  readonly clientId: 'demo-kakeibo' | 'demo-kaikei'
  readonly clientSecret: string
  readonly serviceName: string
  readonly companyName: string
}

/** Discovery at the first use, then never again; a failed one is forgotten: the next click asks anew. */
export function createDiscovery({ issuer, fetch }: { issuer: string; fetch: client.CustomFetch }) {
  const found = new Map<string, Promise<client.Configuration>>()
  return ({ clientId, clientSecret }: Fintech): Promise<client.Configuration> => {
    const known = found.get(clientId)
    if (known) return known
    const asked = client.discovery(
      new URL(issuer),
      clientId,
      undefined,
      client.ClientSecretBasic(clientSecret),
      {
        [client.customFetch]: fetch,
        timeout: 10,
        // the ID token's signature is checked too; plain http is only for a bank on one's own machine
        execute: [
          client.enableNonRepudiationChecks,
          ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : []),
        ],
      },
    )
    found.set(clientId, asked)
    asked.catch(() => found.delete(clientId))
    return asked
  }
}
