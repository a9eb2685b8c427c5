/** The number of an error: how it is made, written into an answer, and read again when somebody types it. */
import { spokenCode } from '../secrets.ts'

export const errorIdHeader = 'ninka-error-id'

/** 40 bits: nobody needs to be unable to guess it, because only its own client may open it. */
export function newErrorId(): string {
  const code = spokenCode(8)
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

/** As it was read out and typed: any case, with or without the hyphen, and the letters that look like digits. */
export function readErrorId(typed: string): string {
  const code = typed
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

/** In the characters of RFC 6749, section 5.2, and of a quoted string in a header. */
export const plain = (description: string): string =>
  description.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, '?')

/** `description (error 7F3K-9QXM)` */
export function numbered(description: string, id: string): string {
  const said = plain(description)
  return `${said}${said === '' ? '' : ' '}(error ${id})`
}
