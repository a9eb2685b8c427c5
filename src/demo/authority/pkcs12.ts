/** Packs a key and its certificates for a browser to import (PKCS #12, RFC 7292), the way OpenSSL 3 does it. */
import {
  createCipheriv,
  createHash,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  type X509Certificate,
} from 'node:crypto'
import { tags } from '../../certificate/der.ts'
import {
  writeDer,
  writeInteger,
  writeOctets,
  writeSequence,
  writeTyped,
} from '../../certificate/der-writing.ts'
import type { Keys } from './keys.ts'

/** @returns DER */
export function makePkcs12({
  keys,
  certificate,
  chain,
  friendlyName,
  password,
}: {
  readonly keys: Keys
  readonly certificate: X509Certificate
  /** the authorities above it, as far as they shall be imported too */
  readonly chain: readonly X509Certificate[]
  /** what the certificate stores of the systems list it as */
  readonly friendlyName: string
  readonly password: string
}): Buffer {
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'der' })
  const labels = labelsOf(certificate, friendlyName)
  const certificates = writeSequence(
    bag(certificateBag, certificateOf(certificate), labels),
    ...chain.map((one) => bag(certificateBag, certificateOf(one))),
  )
  const forCertificates = encrypted(certificates, password)
  const forKey = encrypted(key, password)
  const contents = writeSequence(
    content(
      encryptedData,
      writeSequence(
        writeInteger(0),
        writeTyped(data, forCertificates.algorithm, writeDer(0x80, forCertificates.bytes)),
      ),
    ),
    content(
      data,
      writeOctets(
        writeSequence(bag(keyBag, writeSequence(forKey.algorithm, writeOctets(forKey.bytes)), labels)),
      ),
    ),
  )
  return writeSequence(writeInteger(3), content(data, writeOctets(contents)), seal(contents, password))
}

const data = '1.2.840.113549.1.7.1'
const encryptedData = '1.2.840.113549.1.7.6'
/** with the key encrypted in it, a "PKCS #8 shrouded key bag" */
const keyBag = '1.2.840.113549.1.12.10.1.2'
const certificateBag = '1.2.840.113549.1.12.10.1.3'

const content = (type: string, value: Buffer): Buffer => writeTyped(type, writeDer(0xa0, value))

const bag = (type: string, value: Buffer, labels?: Buffer): Buffer =>
  writeTyped(type, writeDer(0xa0, value), ...(labels ? [labels] : []))

const certificateOf = ({ raw }: X509Certificate): Buffer =>
  writeTyped('1.2.840.113549.1.9.22.1', writeDer(0xa0, writeOctets(raw)))

/** The same on key and certificate: that is how an importer knows that they belong together. */
function labelsOf(certificate: X509Certificate, friendlyName: string): Buffer {
  const localKeyId = createHash('sha256').update(certificate.raw).digest().subarray(0, 20)
  return writeDer(
    tags.set,
    writeTyped('1.2.840.113549.1.9.21', writeDer(tags.set, writeOctets(localKeyId))),
    writeTyped('1.2.840.113549.1.9.20', writeDer(tags.set, writeDer(tags.bmpString, utf16(friendlyName)))),
  )
}

const iterations = 2048

// Salts of eight bytes, as OpenSSL 3.0 makes them: with longer ones macOS was seen to call the password wrong.
const saltBytes = 8

/** PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018); the password goes in as UTF-8. */
function encrypted(clear: Buffer, password: string): { readonly algorithm: Buffer; readonly bytes: Buffer } {
  const salt = randomBytes(saltBytes)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(password, salt, iterations, 32, 'sha256'), iv)
  const hmacWithSha256 = writeTyped('1.2.840.113549.2.9', writeDer(tags.null))
  const derivation = writeTyped(
    '1.2.840.113549.1.5.12',
    writeSequence(writeOctets(salt), writeInteger(iterations), hmacWithSha256),
  )
  const aes256 = writeTyped('2.16.840.1.101.3.4.1.42', writeOctets(iv))
  return {
    algorithm: writeTyped('1.2.840.113549.1.5.13', writeSequence(derivation, aes256)),
    bytes: Buffer.concat([cipher.update(clear), cipher.final()]),
  }
}

/** The MAC over everything, HMAC-SHA-256 under a key of its own. */
function seal(contents: Buffer, password: string): Buffer {
  const salt = randomBytes(saltBytes)
  const digest = createHmac('sha256', macKey(password, salt)).update(contents).digest()
  const sha256 = writeTyped('2.16.840.1.101.3.4.2.1', writeDer(tags.null))
  return writeSequence(
    writeSequence(sha256, writeOctets(digest)),
    writeOctets(salt),
    writeInteger(iterations),
  )
}

/** RFC 7292, appendix B.2, whose one round gives all the 32 bytes that are wanted here. */
function macKey(password: string, salt: Buffer): Buffer {
  const purpose = Buffer.alloc(64, 3)
  const spelled = utf16(`${password}\0`)
  const block = Buffer.concat([purpose, repeated(salt), repeated(spelled)])
  let key = createHash('sha256').update(block).digest()
  for (let round = 1; round < iterations; round++) key = createHash('sha256').update(key).digest()
  return key
}

/** Over and over, to the next multiple of SHA-256's block of 64 bytes. */
const repeated = (part: Buffer): Buffer => Buffer.alloc(Math.ceil(part.length / 64) * 64, part)

/** With the high byte first. */
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
