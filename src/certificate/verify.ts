/**
 * Our own judgement of a client certificate, whatever the proxy thought of it: who signed it, when it counts, what it is
 * for, whether it was revoked; in this order, so that the customer reads the cause that helps most. Closed: what cannot
 * be read or learned counts as nothing, except where the institution's rule accepts an unknown revocation.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import type { CertificateRules } from '../institution.ts'
import type { Log } from '../log.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { type ChainFault, findPaths, issuersNow, type Path, readAuthorities } from './chain.ts'
import { describe, writeName } from './names.ts'
import { createResponder, type ResponderProblem, tryResponder } from './ocsp.ts'
import { type Unfitness, unfitnessOf } from './purpose.ts'
import { createRevocationLists, inspectRevocationLists, type Standing } from './revocation-lists.ts'
import type { CertificateRefusal, Verdict, VerifiedCertificate, Verifier } from './verdict.ts'

type Parts = {
  readonly rules: CertificateRules
  readonly clock: Clock
  readonly log: Log
  /** stands in for the network */
  readonly fetch?: typeof globalThis.fetch
}

/** `why` is for the log: a short code, never a name out of a certificate. */
type Refusal = {
  readonly reason: CertificateRefusal
  readonly why:
    | ChainFault
    | Unfitness
    | 'unreadable'
    | 'authority-revoked'
    | 'date'
    | 'listed'
    | 'answered'
    | 'lists'
    | 'responder'
}

/**
 * Roots and intermediates are read once; a change of the file needs a restart. A revocation list that cannot be had does
 * not keep the server from starting.
 * @throws Error when the authorities file does not serve
 */
export async function createVerifier({
  rules,
  clock,
  log,
  fetch = globalThis.fetch,
}: Parts): Promise<Verifier> {
  const { crl, ocsp } = rules.revocation
  const authorities = readAuthorities(await readFile(rules.authorities, 'utf8'))
  for (const { authority, why } of authorities.unusable) {
    log.warn({ event: 'authority-unusable', authority: writeName(authority.subject), why }, 'does not count')
  }
  const { sources = [], refreshMinutes = 60 } = crl ?? {}
  const lists = await createRevocationLists({ sources, refreshMinutes, authorities, clock, log, fetch })
  const isListed = (one: Certificate, issuer: Certificate): boolean =>
    lists.status(one, issuer, clock()) === 'revoked'
  const responder = ocsp && createResponder({ rules: ocsp, clock, log, fetch, isRevoked: isListed })

  const judge = async (leaf: Certificate): Promise<Refusal | undefined> => {
    const now = clock()
    const found = findPaths(leaf, authorities, now)
    if (!found.ok) return { reason: refusalOf(found.why), why: found.why }
    // That no list speaks of an authority is no reason to refuse: the institution vouches for it by its file.
    const path = found.value.find((one) => !hasRevoked(one, isListed))
    if (!path) return { reason: 'authority-unusable', why: 'authority-revoked' }
    if (now > leaf.endsAt) return { reason: 'expired', why: 'date' }
    if (now < leaf.startsAt) return { reason: 'not-yet-valid', why: 'date' }
    const unfitness = unfitnessOf(leaf)
    if (unfitness) return { reason: 'unsuitable', why: unfitness }
    return judgeRevocation(leaf, path[0])
  }

  const judgeRevocation = async (leaf: Certificate, issuer: Certificate): Promise<Refusal | undefined> => {
    const answered = await responder?.status(leaf, issuer)
    const listed = crl && lists.status(leaf, issuer, clock())
    if (listed === 'revoked') return { reason: 'revoked', why: 'listed' }
    if (answered === 'revoked') return { reason: 'revoked', why: 'answered' }
    if (listed === 'unknown' && crl?.whenUnknown !== 'accept')
      return { reason: 'revocation-unknown', why: 'lists' }
    if (answered === 'unknown' && ocsp?.whenUnknown !== 'accept') {
      return { reason: 'revocation-unknown', why: 'responder' }
    }
    if (listed === 'unknown' || answered === 'unknown') {
      const fingerprint = fingerprintOf(leaf.der)
      log.warn({ event: 'revocation-unknown-accepted', fingerprint, listed, answered }, 'accepted by rule')
    }
    return undefined
  }

  const refuse = ({ reason, why }: Refusal, der: Buffer, leaf?: Certificate): Verdict => {
    const fingerprint = fingerprintOf(der)
    // Another issuer's name may be a person's: anybody can write one.
    const issuer = authorities.all.find(({ subject }) => leaf?.issuer.der.equals(subject.der))?.subject
    log[reason === 'authority-unusable' ? 'error' : 'warn'](
      { event: 'certificate-refused', reason, why, fingerprint, issuer: issuer ? writeName(issuer) : null },
      'a client certificate was refused',
    )
    return { ok: false, reason, received: leaf ? describe(leaf) : null, fingerprint }
  }

  return {
    async verify(der) {
      const leaf = readCertificate(der)
      if (!leaf) return refuse({ reason: 'unsuitable', why: 'unreadable' }, der)
      const refusal = await judge(leaf)
      if (refusal) return refuse(refusal, der, leaf)
      return { ok: true, value: verified(leaf) }
    },
    standing: lists.standing,
    async stop() {
      await Promise.all([lists.stop(), responder?.stop()])
    },
  }
}

/** Whose fault it is: of the certificate, whose issuer may be anybody, or of an authority that the institution itself named. */
function refusalOf(why: ChainFault): CertificateRefusal {
  const ofCertificate = why === 'issuer-unknown' || why === 'wrong-signature' || why === 'name-constraints'
  return ofCertificate ? 'other-issuer' : 'authority-unusable'
}

export type Inspection = {
  readonly lists: readonly Standing[]
  /** What the responder answered for the customers of each authority; empty when none is configured. */
  readonly answers: readonly {
    /** RFC 4514 */
    readonly authority: string
    readonly problem: ResponderProblem | undefined
  }[]
}

/** The sources of revocation as they stand now, each asked once; for a look from the outside. @throws Error */
export async function inspectRevocation({
  rules: { authorities: file, revocation },
  clock,
  log,
  fetch = globalThis.fetch,
}: Parts): Promise<Inspection> {
  const authorities = readAuthorities(await readFile(file, 'utf8'))
  const { crl, ocsp } = revocation
  const lists = await inspectRevocationLists({ sources: crl?.sources ?? [], authorities, clock, log, fetch })
  const isRevoked = (one: Certificate, issuer: Certificate): boolean =>
    lists.status(one, issuer, clock()) === 'revoked'
  const answers = (ocsp ? issuersNow(authorities, clock()) : []).map(async (issuer) => ({
    authority: writeName(issuer.subject),
    problem: ocsp && (await tryResponder({ rules: ocsp, clock, fetch, isRevoked }, issuer)),
  }))
  return { lists: lists.standing(), answers: await Promise.all(answers) }
}

/** The root is not asked about: nobody above it could withdraw it. */
const hasRevoked = (path: Path, isListed: (one: Certificate, issuer: Certificate) => boolean): boolean =>
  path.some((one, index) => {
    const issuer = path[index + 1]
    return issuer !== undefined && isListed(one, issuer)
  })

const fingerprintOf = (der: Buffer): string => createHash('sha256').update(der).digest('hex')

function verified(leaf: Certificate): VerifiedCertificate {
  const { der, subject, issuer, serialNumber } = leaf
  return {
    subject: writeName(subject),
    issuer: writeName(issuer),
    serialNumber,
    fingerprint: fingerprintOf(der),
    received: describe(leaf),
  }
}
