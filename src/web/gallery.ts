/** The page gallery of the demo: every sample as the app would send it, for whoever changes a page and for `npm run gallery:check`. */
import type { FastifyInstance } from 'fastify'
import { bareFrame } from './frame.ts'
import type { Language } from './language.ts'
import { sampleSite } from './sample-facts.ts'
import { type Sample, samples } from './samples.ts'

/** Only for the demo: its pages tell invented stories under the bank's name. */
export async function galleryRoutes(app: FastifyInstance): Promise<void> {
  app.get('/gallery', (_request, reply) => reply.view('gallery/index', galleryIndex()))
  app.get<{ Params: { '*': string }; Querystring: { language?: unknown; lang?: unknown } }>(
    '/gallery/*',
    (request, reply) => {
      // The pages' own links say `lang`, as they do in a journey.
      const { language, lang } = request.query
      const wanted = language ?? lang ?? 'ja'
      const sample = samples.find((one) => one.name === request.params['*'] && one.language === wanted)
      if (!sample) return reply.callNotFound()
      const { template, data } = staying(sample)
      return reply.view(template, data)
    },
  )
}

export const addressOf = (name: string, language: Language): string => `/gallery/${name}?language=${language}`

/** The last page of a journey leads away at once; here it is to be looked at. Its button still leads there. */
export function staying<Shown extends Sample>(sample: Shown): Shown {
  return { ...sample, data: { ...sample.data, frame: { ...sample.data.frame, refresh: null } } }
}

/** The samples under their pages, in the manual's order. */
function galleryIndex() {
  const pages = Map.groupBy(
    samples.filter(({ language }) => language === 'ja'),
    ({ name }) => name.split('/')[0] ?? '',
  )
  return {
    frame: bareFrame(sampleSite, { language: 'en', screen: 'gallery', title: 'Page gallery' }),
    t: sampleSite.words.en,
    view: {
      pages: [...pages].map(([page, shown]) => ({
        page,
        shown: shown.map(({ name }) => ({
          name,
          japanese: addressOf(name, 'ja'),
          english: addressOf(name, 'en'),
        })),
      })),
    },
  }
}
