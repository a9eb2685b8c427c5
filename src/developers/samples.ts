/** The code samples: shown and handed out from the very files that the tests run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { base, type DeveloperParts, serve } from './visit.ts'
import { type SampleName, sampleNames } from './words.ts'

const folder = join(import.meta.dirname, '..', '..', 'docs', 'samples')

const addressOf = (name: SampleName) => `${base}/samples/${name}` as const

export function sampleRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  const samples = sampleNames.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return { name, text, lines: text.trimEnd().split('\n').length, href: addressOf(name) }
  })

  serve(app, parts, `GET ${base}/samples`, (visit) =>
    visit.show({ title: visit.t.samples.title }, { template: 'developers/samples', view: { samples } }),
  )
  for (const { name, text } of samples)
    app.get(addressOf(name), (_request, reply) => reply.type('text/plain; charset=utf-8').send(text))
}
