/** The page gallery of the demo: every sample as the app would send it, for whoever changes a page and for `npm run gallery:check`. */
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type Institution, readInstitution } from '../institution.ts'
import { publicFiles } from './files.ts'
import { bareFrame } from './frame.ts'
import type { Language } from './language.ts'
import { sampleSite } from './sample-facts.ts'
import { otherBankSamples } from './sample-other-bank.ts'
import { type Sample, samples } from './samples.ts'

/** The second institution, and the folder of its pages. */
const minato = 'minato'
export const readMinato = (): Institution =>
  readInstitution(join(import.meta.dirname, '..', 'demo', 'minato.json'))
export const samplesOfMinato = (institution: Institution): readonly Sample[] =>
  otherBankSamples(minato, institution)

/** Only for the demo: its pages tell invented stories under the bank's name. */
export async function galleryRoutes(app: FastifyInstance): Promise<void> {
  const institution = readMinato()
  // Made when somebody first looks: most who start a demo never do.
  let made: readonly Sample[] | undefined
  const all = () => (made ??= [...samples, ...samplesOfMinato(institution)])
  app.get('/gallery', (_request, reply) => reply.view('gallery/index', galleryIndex(all())))
  app.get<{ Params: { '*': string }; Querystring: { language?: unknown; lang?: unknown } }>(
    '/gallery/*',
    async (request, reply) => {
      // The pages' own links say `lang`, as they do in a journey.
      const { language, lang } = request.query
      const wanted = language ?? lang ?? 'ja'
      const sample = all().find((one) => one.name === request.params['*'] && one.language === wanted)
      if (!sample) return reply.callNotFound()
      const { template, data } = staying(sample)
      const html = await app.view(template, data)
      return reply.type('text/html; charset=utf-8').send(branded(sample, html))
    },
  )
  // A process serves one bank; here two are shown, so the second one's colours and logo lie in its folder.
  await app.register((scope) => publicFiles(scope, institution), { prefix: `/gallery/${minato}` })
}

export const addressOf = (name: string, language: Language): string => `/gallery/${name}?language=${language}`

/** The last page of a journey leads away at once; here it is to be looked at. Its button still leads there. */
export function staying<Shown extends Sample>(sample: Shown): Shown {
  return { ...sample, data: { ...sample.data, frame: { ...sample.data.frame, refresh: null } } }
}

/** The page with the colours and the logo of its own bank. */
export const branded = ({ name }: Sample, html: string): string =>
  name.startsWith(`${minato}/`)
    ? html
        .replace('"/css/customer.css"', `"/gallery/${minato}/css/customer.css"`)
        .replace('"/brand/', `"/gallery/${minato}/brand/`)
    : html

/** The samples under their pages, in the manual's order. */
function galleryIndex(all: readonly Sample[]) {
  const pages = Map.groupBy(
    all.filter(({ language }) => language === 'ja'),
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
