/** What a sandbox client is to everybody else: marked as a developer's trial wherever a customer reads its name, and never mistaken for a real fintech. */
import type { z } from 'zod'
import { hashClientSecret, spokenCode, unguessable } from '../secrets.ts'
import type { Client } from '../store/clients.ts'
import type { registration, WrittenRegistration } from '../store/registration.ts'

export type SandboxRegistration = z.input<typeof registration>

const mark = '【開発者の試験用】'
export const longestName = 40

/** What the developer chooses; everything else of a registration is the same for all of them. */
export type Chosen = Pick<
  WrittenRegistration,
  | 'redirectUris'
  | 'eventsUrl'
  | 'profile'
  | 'senderConstraint'
  | 'authentication'
  | 'keys'
  | 'requestSigningAlg'
> & { readonly name: string }

/** As it would be written by the bank's staff, had they verified anything. */
export const writtenAs = (id: string, { name, ...chosen }: Chosen): WrittenRegistration => ({
  ...chosen,
  id,
  serviceName: mark + name,
  companyName: '開発者の試験用（銀行の審査なし）',
  registrationNumber: 'なし（開発者の試験用）',
  contact: 'なし（開発者の試験用）',
  liabilityUrl: 'https://sandbox.example/liability',
  termsUrl: 'https://sandbox.example/terms',
  termsVersion: 'sandbox',
  privacyUrl: 'https://sandbox.example/privacy',
  customerChooses: false,
  scopes: ['balances', 'transactions'],
  consentDays: 90,
})

export const nameOf = ({ serviceName }: Client): string =>
  serviceName.startsWith(mark) ? serviceName.slice(mark.length) : serviceName

export const newSandboxId = (): string => `sandbox-${spokenCode(10).toLowerCase()}`

/**
 * A registration as it is kept, and the secret of a client that had none before: the one time to read it.
 * @param former of a client that is changed
 */
export function withSecret(
  written: WrittenRegistration,
  former?: Client,
): { readonly registration: SandboxRegistration; readonly secret: string | undefined } {
  const { authentication } = written
  if (authentication.method !== 'client_secret_basic')
    return { registration: { ...written, authentication }, secret: undefined }
  const kept = former?.authentication
  if (kept?.method === 'client_secret_basic')
    return { registration: { ...written, authentication: kept }, secret: undefined }
  const secret = unguessable()
  return {
    registration: { ...written, authentication: { ...authentication, secretHash: hashClientSecret(secret) } },
    secret,
  }
}

/** @param others names that a sandbox client may not sound like */
export function imitates(name: string, others: readonly string[]): boolean {
  const folded = fold(name)
  return others.map(fold).some((other) => other !== '' && folded.includes(other))
}

/** Width, kana, case and everything that is no letter are the same to whoever reads in a hurry. */
const fold = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[ァ-ヶ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
