/** One-way hashes of the demo customers' passwords and answers, in the PHC string form (argon2id, 19 MiB, 2 passes). */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** The asynchronous version hashes on a thread of the pool, so that a sign-in never holds up the others. */
const argon2Async = promisify(argon2)

type Cost = { readonly memory: number; readonly passes: number; readonly parallelism: number }

const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 }

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/**
 * A hash that no secret is known to match: comparing with it costs what comparing with a real one costs,
 * so that the time of an answer does not tell whether a login ID exists.
 */
export const matchesNothing =
  '$argon2id$v=19$m=19456,t=2,p=1$qkqKr+5CQa0rbRTIMv3I9Q$ps1a2kvhXdX5hvfFsvMW1/Epp2xsVfBb77VfAWOIzSc'

/** How the constants of the demo data were made. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16)
  const tag = await derive(secret, { ...cost, salt, length: 32 })
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/** @throws when the hash is not one of ours: that is a defect of the data and never a wrong secret */
export async function secretMatches(secret: string, hash: string): Promise<boolean> {
  const [, memory, passes, parallelism, salt, tag] = phc.exec(hash) ?? []
  if (!salt || !tag) throw new Error('not an argon2id hash in PHC form')
  const expected = Buffer.from(tag, 'base64')
  const actual = await derive(secret, {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    length: expected.length,
  })
  return timingSafeEqual(actual, expected)
}

function derive(
  secret: string,
  { salt, length, ...parameters }: Cost & { readonly salt: Buffer; readonly length: number },
): Promise<Buffer> {
  return argon2Async('argon2id', { ...parameters, message: secret, nonce: salt, tagLength: length })
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
