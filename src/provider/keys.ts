/** The signing keys: made on the first start, kept sealed in the store, the same for every process. */
import { generateKeyPair, type KeyObject, type webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import type { JWK } from 'oidc-provider'
import { z } from 'zod'
import { sha256 } from '../secrets.ts'

const generate = promisify(generateKeyPair)

export const signingAlgs = ['ES256', 'PS256'] as const
export type SigningAlg = (typeof signingAlgs)[number]

const keySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })).min(1),
})

/** A JSON key set with one key for each algorithm we sign with: ES256 first, PS256 for clients that want RSA. */
export async function makeSigningKeys(): Promise<string> {
  return JSON.stringify({ keys: await Promise.all(signingAlgs.map(makeSigningKey)) })
}

/** A private JWK, named by its thumbprint. */
export async function makeSigningKey(alg: SigningAlg) {
  const jwk = (await pairFor(alg)).export({ format: 'jwk' })
  return { ...jwk, kty: String(jwk.kty), alg, use: 'sig', kid: keyId(jwk) }
}

async function pairFor(alg: SigningAlg): Promise<KeyObject> {
  const { privateKey } =
    alg === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: 2048 })
  return privateKey
}

/** As the engine takes them: it publishes all and signs with the first of an algorithm. */
export type SigningKeys = { keys: JWK[] }

export function readSigningKeys(text: string): SigningKeys {
  return keySet.parse(JSON.parse(text)) as SigningKeys
}

/** RFC 7638: the thumbprint of the public members, in lexicographic order. */
function keyId(key: webcrypto.JsonWebKey): string {
  const { kty, crv, x, y, n, e } = key
  return sha256(JSON.stringify(kty === 'EC' ? { crv, kty, x, y } : { e, kty, n }))
}
