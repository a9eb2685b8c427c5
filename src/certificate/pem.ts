/** The blocks of a PEM file (RFC 7468). */

import { Unreadable } from './der.ts'

/**
 * The bytes of every block with this label, in their order; text around blocks and blocks of other kinds are passed over.
 * @param label such as `CERTIFICATE` or `X509 CRL`
 * @throws Unreadable when a block is cut off or has other characters in it
 */
export function readPem(text: string, label: string): readonly Buffer[] {
  const lines = text.replaceAll('\r\n', '\n')
  const block = new RegExp(`^-----BEGIN ${label}-----\\n([A-Za-z0-9+/=\\n]+)-----END ${label}-----$`, 'gm')
  const found = [...lines.matchAll(block)]
  if (found.length !== lines.split(`-----BEGIN ${label}-----`).length - 1) throw new Unreadable('PEM')
  return found.map(([, body = '']) => Buffer.from(body, 'base64'))
}
