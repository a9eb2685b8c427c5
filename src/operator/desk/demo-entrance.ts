/** The demo's way to the desk: one picks a member of an invented staff. It never exists in production. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { record } from '../../store/audit.ts'
import type { Database } from '../../store/open.ts'
import type { DeskPages } from './pages.ts'
import type { Member } from './roles.ts'
import type { DeskSeals } from './seals.ts'

const cookieName = 'desk-demo'

type DemoEntranceParts = {
  readonly members: readonly Member[]
  readonly seals: DeskSeals
  readonly db: Database
  readonly clock: Clock
  readonly pages: DeskPages
}

export async function demoEntrance(
  app: FastifyInstance,
  { members, seals, db, clock, pages }: DemoEntranceParts,
): Promise<void> {
  app.get('/sign-in', async (request, reply) => pages.demoSignIn(request, reply, members))

  app.post('/sign-in', async (request, reply) => {
    const { name } = z
      .object({ name: z.string() })
      .catch({ name: '' })
      .parse(request.body ?? {})
    const member = members.find((one) => one.name === name)
    if (!member) return reply.redirect('/sign-in', 303)
    await record(db, clock(), null, {
      event: 'staff-signed-in',
      by: `staff:${member.name}`,
      role: member.roles.join(' '),
    })
    keepDemoMember(reply, seals, member)
    return reply.redirect('/', 303)
  })

  app.post('/sign-out', async (_request, reply) => {
    reply.clearCookie(cookieName, cookieAttributes)
    return reply.redirect('/sign-in', 303)
  })
}

export function readDemoMember(
  request: FastifyRequest,
  seals: DeskSeals,
  members: readonly Member[],
): Member | undefined {
  const opened = seals.open('demo', request.cookies[cookieName] ?? '')
  return members.find(({ name }) => name === opened?.by)
}

/** Every page begins the fifteen minutes anew. */
export function keepDemoMember(reply: FastifyReply, seals: DeskSeals, member: Member): void {
  reply.setCookie(cookieName, seals.seal('demo', member, null), cookieAttributes)
}

/** The demo's desk has plain http on the loopback address. */
const cookieAttributes = { path: '/', httpOnly: true, sameSite: 'strict', secure: false } as const
