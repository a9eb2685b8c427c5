/** Why a token opens nothing here, in this API's own errors (RFC 6750, section 3.1; RFC 9449, section 7.1). */
import type { FindAccess } from '../provider/access.ts'
import type { NotPresented } from '../provider/possession.ts'
import { type ApiError, errors } from './errors.ts'
import type { AccessOf } from './open.ts'

export function accessWithErrors(find: FindAccess): AccessOf {
  return async (request) => {
    const opened = await find(request)
    if ('closed' in opened) return { ...errors[opened.closed], client: opened.client }
    return 'fault' in opened ? errorOf(opened) : opened
  }
}

const errorOfFault = {
  'no-token': errors.noToken,
  'unknown-token': errors.badToken,
  'wrong-scheme': errors.badToken,
  'wrong-proof': errors.badProof,
  'wrong-certificate': errors.badToken,
} as const satisfies Record<NotPresented['fault'], ApiError>

function errorOf({ fault, detail, client }: NotPresented): ApiError {
  const error = errorOfFault[fault]
  return { ...error, ...(detail ? { description: detail } : {}), ...(client ? { client } : {}) }
}
