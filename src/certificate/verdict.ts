/** What our own verification says of a client certificate: who it names, or in one word why it does not count. */
import type { Result } from '../errors.ts'
import type { Standing } from './revocation-lists.ts'

/** For the customer's eyes: which of his certificates came. Every text is at most 64 characters. */
export type ReceivedCertificate = {
  /** the subject's common name, else the whole subject */
  readonly holder: string
  /** the subject's organization; empty when it names none */
  readonly company: string
  /** the issuer's common name, else its organization */
  readonly issuer: string
  /** ms */
  readonly startsAt: number
  /** ms */
  readonly endsAt: number
}

/** A certificate that counts, as the bank is asked about it. */
export type VerifiedCertificate = {
  /** RFC 4514 string of the subject, such as `UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP` */
  readonly subject: string
  /** RFC 4514 string of the issuer */
  readonly issuer: string
  /** lower-case hexadecimal, without leading zeros */
  readonly serialNumber: string
  /** SHA-256 of the DER, lower-case hexadecimal */
  readonly fingerprint: string
  readonly received: ReceivedCertificate
}

export type CertificateRefusal =
  /** signed by nobody the institution trusts, or for a name that its issuer may not give */
  | 'other-issuer'
  /** the institution's own authorities are not in order; the customer can do nothing */
  | 'authority-unusable'
  | 'expired'
  | 'not-yet-valid'
  | 'revoked'
  /** from the institution, but not for signing in: another purpose, a weak key, a critical extension we do not know */
  | 'unsuitable'
  /** nothing current was to be had about its revocation, and the institution's rule says to refuse then */
  | 'revocation-unknown'

export type Verdict = Result<
  VerifiedCertificate,
  {
    readonly reason: CertificateRefusal
    /** null for one that our reader cannot read: nothing in it is shown as if it were known */
    readonly received: ReceivedCertificate | null
    /** SHA-256 of the DER, lower-case hexadecimal */
    readonly fingerprint: string
  }
>

export type Verifier = {
  /** @param der a certificate that Node could parse; the format was checked by whoever read the header */
  readonly verify: (der: Buffer) => Promise<Verdict>
  /** What came of each revocation list when it was last read. */
  readonly standing: () => readonly Standing[]
  /** Ends the refreshing of revocation lists; the server calls it when it closes. */
  readonly stop: () => Promise<void>
}
