/** The bank's gateway as the settings name it: files read once, and a key that does not fit its certificate found before anybody signs in. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Gateway } from './exchange.ts'

export type BankSettings = {
  /** origin */
  readonly url: string
  /** PEM files: our certificate and its key; undefined in a demo whose gateway asks for none */
  readonly certificateFile: string | undefined
  readonly keyFile: string | undefined
  /** PEM file: whose certificates the gateway may have; undefined for those that Node trusts */
  readonly authoritiesFile: string | undefined
}

/** @throws Error that names the setting whose file does not serve, and nothing of what is in it */
export function readGateway({ url, certificateFile, keyFile, authoritiesFile }: BankSettings): Gateway {
  if (!url.startsWith('https:')) return { url, tls: undefined }
  const tls = {
    ...pem('cert', certificateFile, 'BANK_CERTIFICATE_FILE'),
    ...pem('key', keyFile, 'BANK_KEY_FILE'),
    ...pem('ca', authoritiesFile, 'BANK_AUTHORITIES_FILE'),
  }
  try {
    createSecureContext(tls)
  } catch {
    throw new Error('BANK_CERTIFICATE_FILE, BANK_KEY_FILE and BANK_AUTHORITIES_FILE do not fit together')
  }
  return { url, tls }
}

function pem<Name extends string>(
  name: Name,
  file: string | undefined,
  setting: string,
): { readonly [name in Name]?: string } {
  if (file === undefined) return {}
  try {
    return { [name]: readFileSync(file, 'utf8') } as { readonly [name in Name]?: string }
  } catch {
    throw new Error(`${setting}: ${file} cannot be read`)
  }
}
