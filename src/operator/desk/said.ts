/** What a form has to say on the page after it: done, or errors with what was typed. Once, sealed, for that page alone. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { DeskSeals } from './seals.ts'
import type { Member } from './roles.ts'
import { type DeskErrorCode, type DeskDone, deskDone, deskErrorCodes } from './words.ts'

const said = z.object({
  done: z.enum(deskDone).optional(),
  errors: z.array(z.object({ code: z.enum(deskErrorCodes), field: z.string() })).default([]),
  /** what was typed, never a secret */
  kept: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  /** a new client secret, for this one page */
  secret: z.string().optional(),
})

export type DeskError = { readonly code: DeskErrorCode; readonly field: string }

export type Said = {
  readonly done?: DeskDone | undefined
  readonly errors: readonly DeskError[]
  readonly kept: Readonly<Record<string, string | readonly string[]>>
  readonly secret?: string | undefined
}

export const nothingSaid: Said = { errors: [], kept: {} }

export type SaidCookies = ReturnType<typeof createSaid>

/** Browsers drop a cookie of more than 4096 bytes, name and attributes included. */
const mostBytes = 3600

export function createSaid(seals: DeskSeals, { https }: { https: boolean }) {
  const name = https ? '__Secure-desk-said' : 'desk-said'
  const attributes = (path: string) =>
    ({ path, httpOnly: true, sameSite: 'strict', secure: https, maxAge: 120 }) as const

  /** That something is wrong must be said; of what was typed the longest goes first, such as a set of keys. */
  const fitting = (member: Member, { kept = {}, ...what }: Partial<Said>): string => {
    const sealed = seals.seal('said', member, { ...what, kept })
    const [longest] = Object.entries(kept).toSorted(([, one], [, other]) => other.length - one.length)
    if (sealed.length <= mostBytes || !longest) return sealed
    const { [longest[0]]: _gone, ...shorter } = kept
    return fitting(member, { ...what, kept: shorter })
  }

  return {
    /** Redirects to a page of the desk, and lets it say this. */
    async say(reply: FastifyReply, path: string, member: Member, what: Partial<Said>): Promise<FastifyReply> {
      reply.setCookie(name, fitting(member, what), attributes(path))
      return reply.redirect(path, 303)
    },

    /** What the form before had to say to this page; nothing the second time. */
    take(request: FastifyRequest, reply: FastifyReply, member: Member): Said {
      const text = request.cookies[name]
      if (text === undefined) return nothingSaid
      const [path = '/'] = request.url.split('?')
      reply.clearCookie(name, attributes(path))
      const opened = seals.open('said', text)
      if (opened?.by !== member.name) return nothingSaid
      const parsed = said.safeParse(opened.value)
      return parsed.success ? parsed.data : nothingSaid
    },
  }
}
