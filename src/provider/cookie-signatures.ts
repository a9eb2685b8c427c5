/**
 * How the engine's cookies are signed: as Keygrip does, which the engine would use by itself, so that those of a former version
 * still count. But Keygrip hands its keys over as bytes at every use and compares by two more hashes: fifteen times the work.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Configuration } from 'oidc-provider'

type Keygrip = Exclude<NonNullable<NonNullable<Configuration['cookies']>['keys']>, readonly unknown[]>

/** @param keys newest first: that one signs, all are believed */
export function cookieSignatures(keys: readonly [Buffer, ...Buffer[]]): Keygrip {
  const [newest, ...older] = keys
  const [signing, ...believed] = [keyOf(newest), ...older.map(keyOf)] as const
  const index = (data: string, given: string): number =>
    [signing, ...believed].findIndex((key) => isSame(signature(data, key), given))
  return {
    sign: (data: string) => signature(data, signing),
    index,
    verify: (data, given) => index(data, given) >= 0,
  }
}

const keyOf = (key: Buffer): KeyObject => createSecretKey(key.toString('base64url'), 'utf8')

const signature = (data: string, key: KeyObject): string =>
  createHmac('sha1', key).update(data).digest('base64url')

function isSame(right: string, given: string): boolean {
  const [one, other] = [Buffer.from(right), Buffer.from(given)]
  return one.length === other.length && timingSafeEqual(one, other)
}
