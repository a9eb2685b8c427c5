/** The signing keys: made on the first start, kept sealed in the store, the same for every process. */
import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { JWK } from 'oidc-provider'
import { z } from 'zod'
import { sha256 } from '../secrets.ts'

const generate = promisify(generateKeyPair)

const keySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })).min(1),
})

/** A JSON key set with one key for each algorithm we sign with: ES256 first, PS256 for clients that want RSA. */
export async function makeSigningKeys(): Promise<string> {
  const ec = await generate('ec', { namedCurve: 'P-256' })
  const rsa = await generate('rsa', { modulusLength: 2048 })
  const keys = [
    { ...ec.privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' },
    { ...rsa.privateKey.export({ format: 'jwk' }), alg: 'PS256', use: 'sig' },
  ]
  return JSON.stringify({ keys: keys.map((key) => ({ ...key, kid: keyId(key) })) })
}

export function readSigningKeys(text: string): { keys: JWK[] } {
  return keySet.parse(JSON.parse(text)) as { keys: JWK[] }
}

/** RFC 7638: the thumbprint of the public members, in lexicographic order. */
function keyId(key: { kty?: string; crv?: string; x?: string; y?: string; n?: string; e?: string }): string {
  const { kty, crv, x, y, n, e } = key
  return sha256(JSON.stringify(kty === 'EC' ? { crv, kty, x, y } : { e, kty, n }))
}
