/**
 * The cookie by which a customer's own browser is known again. It is random, says nothing to anybody else and opens
 * nothing: it lets a question be left out, and wrong tries of strangers not count for it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

export type DeviceCookie = {
  readonly read: (request: FastifyRequest) => string | undefined
  readonly write: (reply: FastifyReply, token: string) => void
}

/** @param keepFor ms */
export function deviceCookie({
  https,
  keepFor,
}: {
  readonly https: boolean
  readonly keepFor: number
}): DeviceCookie {
  const name = https ? '__Secure-device' : 'device'
  return {
    read({ cookies }) {
      const token = cookies[name]
      return token !== undefined && /^[\w-]{43}$/.test(token) ? token : undefined
    },
    write(reply, token) {
      // The two places where one signs in, and no other request: a cookie has one path, so these are two.
      for (const path of ['/journey', '/connections'])
        reply.setCookie(name, token, {
          path,
          httpOnly: true,
          sameSite: 'lax',
          secure: https,
          maxAge: Math.floor(keepFor / 1000),
        })
    },
  }
}
