/**
 * The signing keys over time. A key is published before it signs, so that every fintech has it when it first needs it, and
 * stays published after it has signed for as long as somebody may still show what it signed.
 */
import { z } from 'zod'
import { makeSigningKey, type SigningAlg, signingAlgs } from './keys.ts'

const kept = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.enum(signingAlgs) })).min(1),
  /** by key id; a key of the first start has no entry until it is retired */
  history: z
    .record(z.string(), z.object({ addedAt: z.number().optional(), retiredAt: z.number().optional() }))
    .default({}),
})

export type KeyState = {
  readonly kid: string
  readonly alg: SigningAlg
  readonly state: 'signing' | 'published' | 'retired'
  readonly addedAt: number | undefined
  readonly retiredAt: number | undefined
}

/** In the order of the stored set: the first of each algorithm signs. */
export function describeKeys(text: string): readonly KeyState[] {
  const { keys, history } = kept.parse(JSON.parse(text))
  return keys.map(({ kid, alg }) => {
    const { addedAt, retiredAt } = history[kid] ?? {}
    const isFirst = keys.find((key) => key.alg === alg)?.kid === kid
    return {
      kid,
      alg,
      state: isFirst ? 'signing' : retiredAt === undefined ? 'published' : 'retired',
      addedAt,
      retiredAt,
    }
  })
}

/** Step 1: a new key behind all others of its algorithm. @returns the stored text, and the key's id */
export async function addKey(alg: SigningAlg, now: number) {
  const key = await makeSigningKey(alg)
  return {
    kid: key.kid,
    change(text: string): string {
      const { keys, history } = kept.parse(JSON.parse(text))
      return JSON.stringify({ keys: [...keys, key], history: { ...history, [key.kid]: { addedAt: now } } })
    },
  }
}

/** Step 2: this key signs, and the one that did is retired. */
export function useKey(text: string, kid: string, now: number): string {
  const { keys, history } = kept.parse(JSON.parse(text))
  const chosen = keys.find((key) => key.kid === kid)
  const former = keys.find((key) => key.alg === chosen?.alg)
  if (!chosen || !former) throw new Error(`there is no key ${kid}`)
  const { retiredAt: _signsAgain, ...mine } = history[kid] ?? {}
  return JSON.stringify({
    keys: [chosen, ...keys.filter((key) => key !== chosen)],
    history: { ...history, [former.kid]: { ...history[former.kid], retiredAt: now }, [kid]: mine },
  })
}

/** Step 3: the key is no longer published. @throws Error when it signs */
export function removeKey(text: string, kid: string): string {
  if (describeKeys(text).find((key) => key.kid === kid)?.state === 'signing') throw new Error(`${kid} signs`)
  const { keys, history } = kept.parse(JSON.parse(text))
  const { [kid]: _gone, ...others } = history
  return JSON.stringify({ keys: keys.filter((key) => key.kid !== kid), history: others })
}
