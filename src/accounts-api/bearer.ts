/** A token as a request brings it: in the Authorization header and nowhere else (RFC 6750, section 2.1). */
import type { FindAccess } from '../provider/access.ts'
import { errors } from './errors.ts'
import type { AccessOf } from './open.ts'

export function accessByBearer(find: FindAccess): AccessOf {
  return async ({ headers }) => {
    const token = /^bearer +([\w.~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1]
    if (!token) return errors.noToken
    const opened = await find(token)
    if (!opened) return errors.badToken
    return 'closed' in opened ? errors[opened.closed] : opened
  }
}
