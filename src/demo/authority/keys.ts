/** Keys of the demo's authorities and of whom they vouch for, and their signatures. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { tags } from '../../certificate/der.ts'
import { writeBits, writeDer, writeSequence, writeTyped } from '../../certificate/der-writing.ts'

export type Keys = { readonly privateKey: KeyObject; readonly publicKey: KeyObject }

export type KeyKind = 'rsa-2048' | 'ec-p256'

export async function makeKeys(kind: KeyKind): Promise<Keys> {
  const generate = promisify(generateKeyPair)
  return kind === 'rsa-2048'
    ? await generate('rsa', { modulusLength: 2048 })
    : await generate('ec', { namedCurve: 'P-256' })
}

export const keyPem = ({ privateKey }: Keys): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** @throws Error of what is no key */
export function readKeys(pem: Buffer): Keys {
  const privateKey = createPrivateKey(pem)
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** A signature with SHA-256 over the fields, in the frame that certificates and lists share. */
export function signed({ privateKey }: Keys, contents: (algorithm: Buffer) => readonly Buffer[]): Buffer {
  const algorithm =
    privateKey.asymmetricKeyType === 'rsa'
      ? writeTyped('1.2.840.113549.1.1.11', writeDer(tags.null))
      : writeTyped('1.2.840.10045.4.3.2')
  const content = writeSequence(...contents(algorithm))
  return writeSequence(content, algorithm, writeBits(sign('sha256', content, privateKey)))
}
