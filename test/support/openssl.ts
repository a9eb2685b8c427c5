/** Certificates, revocation lists and OCSP answers by another hand than ours: the openssl command line, in a temporary folder. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type Kind = 'P-256' | 'P-384' | 'secp256k1' | 'ed25519' | `rsa-${number}` | 'rsa-pss'

export type Issued = {
  readonly pem: string
  readonly der: Buffer
  /** upper-case hexadecimal */
  readonly serial: string
  readonly privateKey: KeyObject
  /** files */
  readonly certificate: string
  readonly key: string
}

export type Wanted = {
  /** as openssl takes it: `/C=JP/CN=見本` */
  readonly subject: string
  /** its own issuer unless told */
  readonly issuer?: Issued
  /** a new key of a kind, or the key of another certificate */
  readonly key?: Kind | Issued
  /** lines of an openssl configuration; none at all makes a certificate of version 1 */
  readonly extensions?: readonly string[]
  /** ms */
  readonly from?: number
  readonly until?: number
  /** of the signature */
  readonly digest?: string
  /** such as `rsa_padding_mode:pss` */
  readonly signature?: readonly string[]
  /** hexadecimal */
  readonly serial?: string
  /** which kinds of string the subject has: UTF8String unless told */
  readonly strings?: 'utf8only' | 'nombstr' | 'MASK:0x0800'
}

export type Entry = { readonly certificate: Issued; readonly revoked?: boolean }

export type WantedList = {
  readonly issuer: Issued
  readonly entries: readonly Entry[]
  /** ms */
  readonly thisUpdate?: number
  readonly nextUpdate?: number
  readonly number?: number
  readonly extensions?: readonly string[]
  readonly digest?: string
  readonly signature?: readonly string[]
}

export type WantedAnswers = {
  readonly issuer: Issued
  readonly entries: readonly Entry[]
  /** the issuer unless told */
  readonly signer?: Issued
  /** of `openssl ocsp`, such as `-nmin 5` */
  readonly options?: readonly string[]
}

export type Workshop = ReturnType<typeof openWorkshop>

const minute = 60_000
const day = 1440 * minute

export const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
export const client = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth']

export function openWorkshop() {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-openssl-'))
  let count = 0
  const file = (name: string, content?: string | Buffer): string => {
    const path = join(folder, `${count++}-${name}`)
    if (content !== undefined) writeFileSync(path, content)
    return path
  }
  const run = (...args: readonly (string | readonly string[])[]): Buffer =>
    execFileSync('openssl', args.flat(), { stdio: ['ignore', 'pipe', 'pipe'] })

  /** Database, serial number and rules of an authority, as `openssl ca` wants them. */
  const desk = ({
    index = '',
    serial = '01',
    number = '01',
    extensions = [] as readonly string[],
    strings = 'utf8only',
  }) => {
    const database = file('index.txt', index)
    writeFileSync(`${database}.attr`, 'unique_subject = no\n')
    const lines = [
      '[ca]',
      'default_ca=desk',
      '[desk]',
      `database=${database}`,
      `serial=${file('serial', `${serial}\n`)}`,
      `crlnumber=${file('crlnumber', `${number}\n`)}`,
      `new_certs_dir=${folder}`,
      'policy=policy',
      'default_md=sha256',
      'default_crl_days=7',
      '[policy]',
      'commonName=optional',
      '[req]',
      'distinguished_name=policy',
      `string_mask=${strings}`,
      '[extensions]',
      ...extensions,
    ]
    return { config: file('openssl.cnf', `${lines.join('\n')}\n`), database }
  }

  const issue = (wanted: Wanted): Issued => {
    const { subject, issuer, key = 'P-256', extensions = [], digest = 'sha256', signature = [] } = wanted
    const { from = Date.now() - 30 * day, until = Date.now() + 365 * day } = wanted
    const serial = wanted.serial ?? `4${randomBytes(7).toString('hex')}5`
    const privateKey = typeof key === 'string' ? newKey(key) : key.privateKey
    const own = file('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const even = serial.length % 2 === 0 ? serial : `0${serial}`
    const { config } = desk({ serial: even.toUpperCase(), extensions, strings: wanted.strings ?? 'utf8only' })
    const request = file('request.pem')
    const certificate = file('certificate.pem')
    run('req', '-new', '-utf8', '-config', config, '-key', own, '-subj', subject, '-out', request)
    const signer = issuer
      ? ['-cert', issuer.certificate, '-keyfile', issuer.key]
      : ['-selfsign', '-keyfile', own]
    run(
      ['ca', '-batch', '-notext', '-utf8', '-preserveDN'],
      ['-config', config, '-in', request, '-out', certificate],
      ['-startdate', stamp(from), '-enddate', stamp(until), '-md', digest],
      signature.flatMap((option) => ['-sigopt', option]),
      extensions.length > 0 ? ['-extensions', 'extensions'] : [],
      signer,
    )
    return issued(certificate, own, privateKey)
  }

  const issued = (certificate: string, key: string, privateKey: KeyObject): Issued => {
    const pem = readFileSync(certificate, 'utf8')
    const { raw, serialNumber } = new X509Certificate(pem)
    return { pem, der: raw, serial: serialNumber, privateKey, certificate, key }
  }

  /** A certificate over a public key that nobody has the private key of, or without a subject; no other way makes those. */
  const issueOver = (
    publicKey: KeyObject,
    { issuer, subject, extensions = client }: Wanted & { issuer: Issued },
  ): Issued => {
    const { config } = desk({ extensions })
    const request = file('request.pem')
    const certificate = file('certificate.pem')
    const over = file('public.pem', publicKey.export({ type: 'spki', format: 'pem' }))
    run('req', '-new', '-config', config, '-key', issuer.key, '-subj', subject, '-out', request)
    run(
      ['x509', '-req', '-in', request, '-CA', issuer.certificate, '-CAkey', issuer.key, '-days', '30'],
      ['-set_serial', '77', '-force_pubkey', over, '-extfile', config, '-extensions', 'extensions'],
      ['-out', certificate],
    )
    return issued(certificate, issuer.key, issuer.privateKey)
  }

  const index = (entries: readonly Entry[]): string =>
    entries
      .map(({ certificate: { serial }, revoked = false }) => {
        const ends = stamp(Date.now() + 1000 * day).slice(2)
        const since = revoked ? `${stamp(Date.now() - day).slice(2)},keyCompromise` : ''
        return `${revoked ? 'R' : 'V'}\t${ends}\t${since}\t${serial}\tunknown\t/CN=${serial}\n`
      })
      .join('')

  /** @returns the DER */
  const list = (wanted: WantedList): Buffer => {
    const { issuer, entries, number = 1, extensions = [], digest = 'sha256', signature = [] } = wanted
    const { thisUpdate = Date.now() - minute, nextUpdate = Date.now() + 7 * day } = wanted
    const digits = number.toString(16)
    const { config } = desk({
      index: index(entries),
      number: digits.padStart(digits.length + (digits.length % 2), '0'),
      extensions: ['authorityKeyIdentifier=keyid', ...extensions],
    })
    const out = file('list.pem')
    run(
      ['ca', '-gencrl', '-config', config, '-cert', issuer.certificate, '-keyfile', issuer.key],
      ['-crl_lastupdate', stamp(thisUpdate), '-crl_nextupdate', stamp(nextUpdate), '-md', digest],
      signature.flatMap((option) => ['-sigopt', option]),
      ['-crlexts', 'extensions', '-out', out],
    )
    return run('crl', '-in', out, '-outform', 'DER')
  }

  const answering = ({ issuer, entries, signer = issuer, options = [] }: WantedAnswers): readonly string[] =>
    [
      ['ocsp', '-index', file('index.txt', index(entries)), '-CA', issuer.certificate],
      ['-rsigner', signer.certificate, '-rkey', signer.key],
      options,
    ].flat()

  /** What openssl asks about a certificate, in DER. */
  const question = (
    issuer: Issued,
    { certificate }: Issued,
    { nonce }: { readonly nonce: boolean },
  ): Buffer => {
    const out = file('question.der')
    const about = ['-issuer', issuer.certificate, '-cert', certificate]
    run('ocsp', ...about, nonce ? '-nonce' : '-no_nonce', '-reqout', out)
    return readFileSync(out)
  }

  /** One answer to one question, in DER. */
  const answer = async (question: Buffer, wanted: WantedAnswers): Promise<Buffer> => {
    const out = file('answer.der')
    const options = ['-reqin', file('question.der', question), '-respout', out]
    await promisify(execFile)('openssl', [...answering(wanted), ...options])
    return readFileSync(out)
  }

  /** A real responder, in its own process. */
  const responder = async (wanted: WantedAnswers): Promise<{ url: string; stop: () => void }> => {
    const child = spawn('openssl', [...answering(wanted), '-port', '0'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    for await (const text of child.stdout.setEncoding('utf8')) {
      const port = /:(\d+) /.exec(String(text))?.[1]
      if (port) return { url: `http://127.0.0.1:${port}/`, stop: () => void child.kill() }
    }
    throw new Error('the responder did not start')
  }

  return {
    folder,
    file,
    question,
    answer,
    responder,
    run,
    issue,
    issueOver,
    list,
    index: (entries: readonly Entry[]): string => file('index.txt', index(entries)),
    pem: (...certificates: readonly Issued[]): string =>
      file('authorities.pem', certificates.map(({ pem }) => pem).join('')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** `20260131235959Z` */
function stamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
}

function newKey(kind: Kind): KeyObject {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519').privateKey
  if (kind === 'rsa-pss') return generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey
  if (kind.startsWith('rsa-')) {
    return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) }).privateKey
  }
  return generateKeyPairSync('ec', { namedCurve: kind }).privateKey
}
