/** The allow-list of the desk: one file that names the staff's authorities and, certificate by certificate, who may do what. */
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { VerifiedCertificate } from '../../certificate/verdict.ts'
import { type CertificateRules, certificateRules, withPathsFrom } from '../../institution.ts'
import type { Log } from '../../log.ts'
import { type Member, roles } from './roles.ts'

const fingerprint = z
  .string()
  .transform((text) => text.replaceAll(':', '').toLowerCase())
  .refine((text) => /^[0-9a-f]{64}$/.test(text), 'must be a SHA-256 fingerprint in hexadecimal')

/** A name holds over renewals of the certificate; a fingerprint is of this one alone. */
const certificate = z.union([
  z.strictObject({ subject: z.string().min(3), issuer: z.string().min(3) }),
  z.strictObject({ fingerprint }),
])

const member = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(40)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must have visible characters only'),
  certificate,
  roles: z.array(z.enum(roles)).min(1),
})

const schema = z.strictObject({
  /** of the staff, and never those of the customers: who may sign a customer's certificate may not let anybody in here */
  certificates: certificateRules.omit({ noticeDays: true }),
  staff: z
    .array(member)
    .min(1)
    .refine((all) => areDifferent(all.map(({ name }) => name)), 'has one name twice')
    .refine(
      (all) => areDifferent(all.map((one) => JSON.stringify(one.certificate))),
      'has one certificate twice',
    ),
})

const areDifferent = (all: readonly string[]): boolean => new Set(all).size === all.length

export type ListedMember = Member & { readonly certificate: z.infer<typeof certificate> }

export type StaffFile = { readonly rules: CertificateRules; readonly staff: readonly ListedMember[] }

/** File names in it are relative to it. @throws Error naming every wrong entry */
export function readStaff(file: string): StaffFile {
  const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`the staff file is not right:\n${wrong.join('\n')}`)
  }
  const { certificates, staff } = parsed.data
  return { rules: withPathsFrom(dirname(file), { ...certificates, noticeDays: 0 }), staff }
}

/**
 * The list as the file has it now: who was taken out of it is out at his next click. A file that cannot be read lets nobody
 * in until it is right again. Another authority needs a restart.
 */
export function currentStaff(file: string, log: Log): () => readonly ListedMember[] {
  let known: { readonly version: string; readonly staff: readonly ListedMember[] } | undefined
  return () => {
    const version = versionOf(file)
    if (known?.version === version) return known.staff
    try {
      known = { version, staff: readStaff(file).staff }
    } catch (error) {
      log.error({ event: 'staff-file-unreadable', err: error }, 'nobody may use the desk until it is right')
      known = { version, staff: [] }
    }
    return known.staff
  }
}

function versionOf(file: string): string {
  const { mtimeMs = 0, size = 0, ino = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {}
  return `${mtimeMs} ${size} ${ino}`
}

/** Whose certificate this is; a whole name or a fingerprint decides, never a part of either. */
export function memberWith(
  staff: readonly ListedMember[],
  { subject, issuer, fingerprint: shown }: VerifiedCertificate,
): Member | undefined {
  return staff.find(({ certificate: listed }) =>
    'fingerprint' in listed
      ? listed.fingerprint === shown
      : listed.subject === subject && listed.issuer === issuer,
  )
}
