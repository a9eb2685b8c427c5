/** What a certificate or a revocation list of the demo says besides names, times and a key (RFC 5280, section 4.2). */
import { createHash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { tags } from '../../certificate/der.ts'
import {
  writeBits,
  writeDer,
  writeInteger,
  writeObjectIdentifier,
  writeOctets,
  writeSequence,
  writeTyped,
} from '../../certificate/der-writing.ts'
import type { Keys } from './keys.ts'

const yes = writeDer(tags.boolean, Uint8Array.of(0xff))

export const extension = (id: string, value: Buffer, critical?: 'critical'): Buffer =>
  writeTyped(id, ...(critical ? [yes] : []), writeOctets(value))

export const subjectKeyId = (keys: Pick<Keys, 'publicKey'>): Buffer =>
  extension('2.5.29.14', writeOctets(keyId(keys)))

export const authorityKeyId = (keys: Keys): Buffer =>
  extension('2.5.29.35', writeSequence(writeDer(0x80, keyId(keys))))

/** 160 bits of a hash of the key: no more is asked of it than to be different (RFC 5280, section 4.2.1.2). */
const keyId = ({ publicKey }: Pick<Keys, 'publicKey'>): Buffer =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)

export const alternativeName = (name: string): Buffer =>
  isIPv4(name) ? writeDer(0x87, Uint8Array.from(name.split('.'), Number)) : writeDer(0x82, Buffer.from(name))

export const distributionPoint = (url: string): Buffer =>
  writeSequence(writeDer(0xa0, writeDer(0xa0, writeDer(0x86, Buffer.from(url)))))

const endEntity = (purpose: string): readonly Buffer[] => [
  extension('2.5.29.19', writeSequence(), 'critical'),
  // digitalSignature
  extension('2.5.29.15', writeBits(Uint8Array.of(0x80), 7), 'critical'),
  extension('2.5.29.37', writeSequence(writeObjectIdentifier(purpose))),
]

/** What a certificate is for, in extensions. */
export const purposes = {
  customer: () => endEntity('1.3.6.1.5.5.7.3.2'),
  server: () => endEntity('1.3.6.1.5.5.7.3.1'),
  authority(pathLength: number | undefined) {
    const limit = pathLength === undefined ? [] : [writeInteger(pathLength)]
    return [
      extension('2.5.29.19', writeSequence(yes, ...limit), 'critical'),
      // keyCertSign and cRLSign
      extension('2.5.29.15', writeBits(Uint8Array.of(0x06), 1), 'critical'),
    ]
  },
} as const satisfies Record<string, (pathLength: number | undefined) => readonly Buffer[]>
