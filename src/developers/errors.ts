/** Why his client was refused, for its developer: by the number that stands in the error. */
import type { FastifyInstance } from 'fastify'
import { base, type DeveloperParts, serveOwn } from './visit.ts'

export function errorRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  serveOwn(app, parts, `GET ${base}/errors/:id`, async (visit) => {
    const { explained } = visit.t
    // Another client's is as unknown as one that never was.
    const found = await parts.refusals.find(visit.client.id, visit.parameter('id'))
    if (!found) return visit.notFound()
    const { id, ...rest } = found
    const facts = Object.entries(rest).flatMap(([name, text]) =>
      text === null ? [] : [{ label: explained[name as keyof typeof rest], text }],
    )
    return visit.show(
      { title: `${explained.title} ${id}` },
      { template: 'developers/error', view: { facts } },
    )
  })
}
