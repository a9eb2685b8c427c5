/** The certificates of fintechs' servers: by an authority that the bank trusts for them, by another, and by nobody but themselves. */
import { judging } from '../certificate/judging.ts'
import { authority, client, openWorkshop } from './openssl.ts'

export type FintechCertificates = Awaited<ReturnType<typeof makeFintechCertificates>>

/** As it is registered, of `trusted` (RFC 4514). */
export const trustedSubject = 'CN=strict.example,O=Strict Inc.,C=JP'

export async function makeFintechCertificates() {
  const { issue, pem, remove } = openWorkshop()
  const subject = '/C=JP/O=Strict Inc./CN=strict.example'
  const names = 'subjectAltName=DNS:strict.example,URI:https://strict.example/id'
  const root = issue({ subject: '/CN=fintechs', extensions: authority })
  const foreignRoot = issue({ subject: '/CN=fintechs', extensions: authority })
  const extensions = [...client, names]
  const days = (count: number) => Date.now() + count * 86_400_000
  return {
    trusted: issue({ subject, issuer: root, extensions }),
    /** the same names, by another authority of the same name */
    foreign: issue({ subject, issuer: foreignRoot, extensions }),
    expired: issue({ subject, issuer: root, extensions, from: days(-20), until: days(-10) }),
    otherName: issue({ subject: '/C=JP/O=Other Inc./CN=other.example', issuer: root, extensions: client }),
    selfSigned: issue({ subject, extensions }),
    verifier: (await judging({ authorities: pem(root) })).verifier,
    /** PEM file */
    authorities: pem(root),
    remove,
  }
}
