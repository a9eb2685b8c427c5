/**
 * What an OCSP responder answered about one certificate (RFC 6960, section 4.2), and whether the answer counts. Ours rather
 * than `BasicOCSPResponse.verify` of pkijs, which goes by the system's clock and refuses an answer without certificates.
 */
import type { Result } from '../errors.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { hasUnknownCritical } from './chain.ts'
import {
  type Der,
  elements,
  fields,
  only,
  readBits,
  readDer,
  reading,
  readInteger,
  readObjectIdentifier,
  readTime,
  tags,
  Unreadable,
} from './der.ts'
import { type Extension, purposes, readExtensionList } from './extensions.ts'
import { type CertificateId, nonceType, readId, sha1, writeId } from './ocsp-question.ts'
import { clockSkew } from './revocation-list.ts'
import { isSignedBy, isStrongKey, isStrongSignature, readAlgorithm, type Signed } from './strength.ts'

const basicType = '1.3.6.1.5.5.7.48.1.1'

export type Question = {
  readonly id: CertificateId
  /** whoever signed the certificate in question */
  readonly issuer: Certificate
  /** DER, as sent */
  readonly nonce: Buffer
  /** ms */
  readonly now: number
  /** ms; how old an answer may be that does not say until when it counts */
  readonly mostAge: number
  /** whether the issuer has withdrawn a responder's certificate */
  readonly isRevoked: (responder: Certificate) => boolean
}

export type Answer = {
  readonly status: 'good' | 'revoked'
  /** ms; Infinity when the responder does not say */
  readonly until: number
}

export type AnswerProblem =
  | 'unreadable'
  | 'not-successful'
  | 'weak-signature'
  | 'not-a-responder'
  | 'wrong-signature'
  | 'another-nonce'
  | 'critical-extension'
  | 'another-certificate'
  | 'from-the-future'
  | 'stale'
  | 'unknown-there'

type Judgement = Result<Answer, { readonly problem: AnswerProblem }>

export function readAnswer(bytes: Buffer, question: Question): Judgement {
  return reading(() => judge(bytes, question)) ?? refused('unreadable')
}

const refused = (problem: AnswerProblem) => ({ ok: false, problem }) as const

function judge(bytes: Buffer, question: Question): Judgement {
  const outer = fields(readDer(bytes))
  if (readInteger(outer.next(), tags.enumerated) !== 0n) return refused('not-successful')
  const typed = fields(only(outer.next(0xa0)))
  outer.end()
  if (readObjectIdentifier(typed.next()) !== basicType) throw new Unreadable('kind of answer')
  const { signed, certificates } = readSigned(readDer(typed.next(tags.octetString).content))
  typed.end()

  if (!isStrongSignature(signed.algorithm)) return refused('weak-signature')
  const { responder, answers, extensions } = readData(readDer(signed.content))
  const allowed = [question.issuer, ...certificates.filter((one) => isResponder(one, question))]
  const called = allowed.filter((one) => isCalled(one, responder))
  if (called.length === 0) return refused('not-a-responder')
  if (!called.some(({ key }) => isSignedBy(signed, key))) return refused('wrong-signature')

  // RFC 5019, section 4: an answer made beforehand has none. One for another question is somebody's replay.
  const nonce = extensions.find(({ type }) => type === nonceType)
  if (nonce && !nonce.value.content.equals(question.nonce)) return refused('another-nonce')

  const [answer, ...more] = answers
    .map(readSingle)
    .filter(({ id }) => id && writeId(id) === writeId(question.id))
  if (!answer || more.length > 0) return refused('another-certificate')
  if ([...extensions, ...answer.extensions].some(({ critical }) => critical))
    return refused('critical-extension')
  return inTime(answer, question)
}

/** RFC 6960, section 4.2.2.1. Without nextUpdate newer knowledge is always to be had: then only a young answer counts. */
function inTime({ status, thisUpdate, nextUpdate }: Single, { now, mostAge }: Question): Judgement {
  if (thisUpdate > now + clockSkew) return refused('from-the-future')
  if ((nextUpdate ?? thisUpdate + mostAge + clockSkew) < now) return refused('stale')
  if (status === 'unknown') return refused('unknown-there')
  return { ok: true, value: { status, until: nextUpdate ?? Infinity } }
}

function readSigned(der: Der): { signed: Signed; certificates: readonly Certificate[] } {
  const field = fields(der)
  const content = field.next(tags.sequence).whole
  const algorithm = readAlgorithm(field.next())
  const signature = readBits(field.next(), { whole: true })
  const tagged = field.optional(0xa0)
  field.end()
  const certificates = tagged ? elements(only(tagged)).map(({ whole }) => readCertificate(whole)) : []
  return {
    signed: { content, algorithm, signature },
    certificates: certificates.filter((one) => one !== undefined),
  }
}

/** RFC 6960, section 4.2.2.2: appointed by the very authority that signed the certificate in question, for this purpose. */
function isResponder(one: Certificate, { issuer, now, isRevoked }: Question): boolean {
  const { keyUsage, purposes: own } = one.extensions
  return (
    one.issuer.der.equals(issuer.subject.der) &&
    one.x509.verify(issuer.key) &&
    own?.has(purposes.ocspSigning) === true &&
    (!keyUsage || keyUsage.has('digitalSignature')) &&
    one.startsAt <= now &&
    now <= one.endsAt &&
    isStrongKey(one.key) &&
    isStrongSignature(one.signatureAlgorithm) &&
    !hasUnknownCritical(one) &&
    !isRevoked(one)
  )
}

type Data = {
  /** by name or by the hash of the key */
  readonly responder: Der
  readonly answers: readonly Der[]
  readonly extensions: readonly Extension[]
}

function readData(der: Der): Data {
  const field = fields(der)
  const version = field.optional(0xa0)
  if (version && readInteger(only(version)) !== 0n) throw new Unreadable('version')
  const responder = only(field.next())
  readTime(field.next(tags.generalizedTime))
  const answers = elements(field.next())
  const extensions = field.optional(0xa1)
  field.end()
  return { responder, answers, extensions: extensions ? readExtensionList(only(extensions)) : [] }
}

const isCalled = ({ subject, keyBits }: Certificate, { tag, whole, content }: Der): boolean =>
  tag === tags.octetString ? content.equals(sha1(keyBits)) : whole.equals(subject.der)

type Single = {
  readonly id: CertificateId | undefined
  readonly status: 'good' | 'revoked' | 'unknown'
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  readonly extensions: readonly Extension[]
}

const statusOf: ReadonlyMap<number, Single['status']> = new Map([
  [0x80, 'good'],
  [0xa1, 'revoked'],
  [0x82, 'unknown'],
])

function readSingle(der: Der): Single {
  const field = fields(der)
  const id = readId(field.next())
  const status = statusOf.get(field.next().tag)
  if (!status) throw new Unreadable('status')
  const thisUpdate = readTime(field.next(tags.generalizedTime))
  const nextUpdate = field.optional(0xa0)
  const extensions = field.optional(0xa1)
  field.end()
  return {
    id,
    status,
    thisUpdate,
    nextUpdate: nextUpdate && readTime(only(nextUpdate)),
    extensions: extensions ? readExtensionList(only(extensions)) : [],
  }
}
