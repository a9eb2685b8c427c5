/** Everything that starts from the master key: derived keys, sealed values, the names of unguessable things. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export type Secrets = {
  /** One 32-byte key per master key for a purpose, newest first; the first one encrypts, all decrypt. */
  derive: (purpose: string) => readonly [Buffer, ...Buffer[]]
  /** AES-256-GCM under the newest key; `context` must be the same when it is opened. */
  seal: (clear: string, context: string) => string
  /** The clear text, or undefined when it is not ours, was changed or belongs to another context. */
  open: (sealed: string, context: string) => string | undefined
  /** True when it opens with the newest key, so that older ones can be dropped. */
  isNewest: (sealed: string, context: string) => boolean
}

/** @param masterKeys 32 bytes each, newest first */
export function createSecrets(masterKeys: readonly [Buffer, ...Buffer[]]): Secrets {
  const derive = (purpose: string): [Buffer, ...Buffer[]] => {
    const one = (master: Buffer) => Buffer.from(hkdfSync('sha256', master, 'ninka', purpose, 32))
    const [newest, ...older] = masterKeys
    return [one(newest), ...older.map(one)]
  }
  const sealingKeys = derive('seal')
  const openWith = (key: Buffer, sealed: string, context: string): string | undefined => {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < 28) return undefined
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    } catch {
      // sealed under another key of the list, or not ours
      return undefined
    }
  }
  return {
    derive,
    seal(clear, context) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealingKeys[0], iv)
      cipher.setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(clear, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
    },
    open(sealed, context) {
      for (const key of sealingKeys) {
        const clear = openWith(key, sealed, context)
        if (clear !== undefined) return clear
      }
      return undefined
    },
    isNewest: (sealed, context) => openWith(sealingKeys[0], sealed, context) !== undefined,
  }
}

/**
 * A secret that a proxy or a database shares with us, from a file of its own; a line end behind it does not count.
 * @throws Error when it is shorter than 16 characters
 */
export function readSecret(file: string): string {
  const secret = readFileSync(file, 'utf8').trim()
  if (secret.length < 16) throw new Error(`the secret in ${file} must have at least 16 characters`)
  return secret
}

/**
 * Reads the master key file: one base64 key of 32 bytes a line, newest first.
 * With `create`, a missing file is made (readable by its owner only).
 */
export function readMasterKeys(
  file: string,
  { create }: { create: boolean },
): readonly [Buffer, ...Buffer[]] {
  if (create && !existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  }
  if (!existsSync(file))
    throw new Error(
      `MASTER_KEY_FILE: there is no file ${file}; a database serves only with the key that it was sealed under`,
    )
  const keys = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line, 'base64'))
  const [newest, ...older] = keys
  if (!newest || keys.some((key) => key.length !== 32)) {
    throw new Error('the master key file must hold one base64 key of 32 bytes a line, newest first')
  }
  return [newest, ...older]
}

/** At least 256 bits, for ids that must not be guessed. */
export const unguessable = (): string => randomBytes(32).toString('base64url')

export const sha256 = (text: string): string => hash('sha256', text, 'base64url')

/** As it is kept. A client secret is 256 random bits, so one round of SHA-256 keeps it as safe as many would. */
export const hashClientSecret = (secret: string): string => `sha256.${sha256(secret)}`

export const keyedHash = (key: Buffer, text: string): string =>
  createHmac('sha256', keyObject(key)).update(text).digest('base64url')

/** A key that is handed over as bytes is copied at every use. */
function keyObject(key: Buffer): KeyObject {
  const known = keyObjects.get(key) ?? createSecretKey(key)
  keyObjects.set(key, known)
  return known
}

const keyObjects = new WeakMap<Buffer, KeyObject>()

/** Digits and letters that nobody confuses when reading them out on the phone (Crockford). */
const spoken = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** `length` characters a person can read out, from random or given bytes. */
export function spokenCode(length: number, bytes: Uint8Array = randomBytes(length)): string {
  let code = ''
  for (const byte of bytes.subarray(0, length)) code += spoken[byte % 32]
  return code
}

/** 受付番号: a short name of a journey for the phone and the log; the uid cannot be had back from it. */
export function journeyNumber(uid: string): string {
  const code = spokenCode(8, hash('sha256', `journey-number ${uid}`, 'buffer'))
  return `${code.slice(0, 4)}-${code.slice(4)}`
}
