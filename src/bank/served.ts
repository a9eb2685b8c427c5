/** Any bank behind the HTTP contract: the demo's bank as a process of its own, and the other end of the tests. Not for a real bank, whose gateway is its own. */
import Fastify, { type FastifyInstance } from 'fastify'
import { type Clock, minutes } from '../clock.ts'
import { type CallName, callNames, calls, writeAnswer } from './http/calls.ts'
import type { Bank } from './port.ts'

const remembersFor = minutes(10)

export function serveBank({ bank, clock }: { readonly bank: Bank; readonly clock: Clock }): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true })
  const once = answersByKey(clock)
  for (const name of callNames) {
    const { path, asked, repeat } = calls[name]
    app.post(path, async (request, reply) => {
      const read = asked.safeParse(request.body)
      const key = request.headers['idempotency-key']
      if (!read.success) return reply.code(400).send({ error: 'the body is not what the contract says' })
      if (repeat !== 'freely' && typeof key !== 'string')
        return reply.code(400).send({ error: 'Idempotency-Key is missing' })
      const answer = () => answerOf(bank, name, read.data)
      return reply.send(await (typeof key === 'string' ? once(`${path} ${key}`, answer) : answer()))
    })
  }
  app.setErrorHandler((error: { readonly statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: 'the call could not be answered' }),
  )
  return app
}

async function answerOf(bank: Bank, name: CallName, asked: Record<string, unknown>): Promise<unknown> {
  // The table's shape of what is asked is the call's own; one call takes a bare word.
  const call = bank[name].bind(bank) as (argument: unknown) => ReturnType<Bank[CallName]>
  return writeAnswer(name, await call(name === 'findCustomers' ? asked.query : asked))
}

/** A repetition, also one that comes while the first is under way, gets the first one's answer. */
function answersByKey(clock: Clock): (key: string, answer: () => Promise<unknown>) => Promise<unknown> {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>()
  return (key, answer) => {
    for (const [old, { at }] of kept) {
      if (clock() - at < remembersFor) break
      kept.delete(old)
    }
    const found = kept.get(key)
    if (found) return found.answer
    const given = answer()
    kept.set(key, { at: clock(), answer: given })
    // What failed was not answered, and may be tried again.
    given.catch(() => kept.delete(key))
    return given
  }
}
