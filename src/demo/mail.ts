/** The demo's stand-in for the bank's mail system: it takes the notices and shows them, instead of sending mail. */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { sha256 } from '../secrets.ts'

const noticeSchema = z.object({
  id: z.string(),
  language: z.enum(['ja', 'en']),
  subject: z.string(),
  text: z.string(),
})

export type Notice = z.infer<typeof noticeSchema>

const mostKept = 20

/** @param secret what the bank sends as a bearer token */
export async function mailSystem(app: FastifyInstance, { secret }: { secret: string }): Promise<void> {
  const kept = new Map<string, Notice>()
  const ours = sha256(`Bearer ${secret}`)
  app.post('/bank-mail', async (request, reply) => {
    const given = sha256(request.headers.authorization ?? '')
    if (!timingSafeEqual(Buffer.from(given), Buffer.from(ours))) return reply.code(401).send()
    const notice = noticeSchema.safeParse(request.body)
    if (!notice.success) return reply.code(400).send()
    // A notice may come twice; it is shown once.
    kept.set(notice.data.id, notice.data)
    for (const id of kept.keys()) if (kept.size > mostKept) kept.delete(id)
    return reply.code(202).send()
  })
  app.get('/mail', (_request, reply) =>
    reply.view('demo/mail', {
      title: '銀行からのお知らせ（デモ）',
      brand: undefined,
      notices: [...kept.values()].toReversed(),
    }),
  )
}
