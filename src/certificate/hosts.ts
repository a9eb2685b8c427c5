/** The hosts of the certificate origin: one, or under a wildcard a fresh one for every attempt. */
import { randomBytes } from 'node:crypto'

/**
 * Where 「電子証明書ログイン」 leads. Browsers remember the choice of a certificate per host and port, "none" included, so a
 * fresh host brings the chooser back.
 */
export function certificateAddress({ url }: { readonly url: string }, uid: string): string {
  return `${url.replace('*', `c${randomBytes(5).toString('hex')}`)}/certificate/${uid}`
}

export const hasFreshHosts = ({ url }: { readonly url: string }): boolean => url.includes('*')

/** Whether a host is one of the origin's, as the Host header has it: with the port where it is not the scheme's own. */
export function isHostOf(url: string): (host: string | undefined) => boolean {
  const [before = '', after] = url.replace(/^https?:\/\//, '').split('*')
  return (host = '') => {
    const asked = host.toLowerCase()
    if (after === undefined) return asked === before
    return asked.endsWith(after) && /^[a-z0-9-]{1,63}$/.test(asked.slice(0, -after.length))
  }
}
