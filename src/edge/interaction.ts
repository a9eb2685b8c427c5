/** x-fapi-interaction-id: the name under which a fintech and the bank find the same call in their logs (FAPI 1.0, 6.2.1). */
import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

export const interactionHeader = 'x-fapi-interaction-id'

/** Names the answer: as the caller asked, or anew where he sent no UUID. A name once given to an answer stays. */
export function nameInteraction(request: Pick<FastifyRequest, 'headers'>, reply: FastifyReply): void {
  if (reply.getHeader(interactionHeader) !== undefined) return
  const sent = request.headers[interactionHeader]
  reply.header(interactionHeader, isUuid(sent) ? sent : randomUUID())
}

/** What is no UUID may not be echoed, and an answer under another name would break the specification: it is refused. */
export function hasWrongInteraction({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const sent = headers[interactionHeader]
  return sent !== undefined && !isUuid(sent)
}

const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(value)
