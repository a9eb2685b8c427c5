/** The help pages: answers as they are true of this installation. They need no session and set no cookie but the language. */
import type { FastifyInstance } from 'fastify'
import { minutes } from '../clock.ts'
import { absoluteLimit, idleLimit } from '../journey/journey.ts'
import { bareFrame, type Frame, type Site } from './frame.ts'
import type { Language } from './language.ts'
import {
  type HelpBlock,
  type HelpCondition,
  type HelpSection,
  type HelpTopic,
  helpTopics,
} from './messages/help-ja.ts'
import type { Messages } from './messages/ja.ts'
import { readLanguage } from './pages.ts'
import { helpScreens } from './screen-numbers.ts'

export async function helpRoutes(app: FastifyInstance, site: Site): Promise<void> {
  // A route for each, so that any other topic is an address like any other that is not there.
  for (const topic of helpPages) {
    // Nothing is spent by reading, so whoever only asks whether a page is there may do so.
    app.get(addressOf(topic), { exposeHeadRoute: true }, (request, reply) => {
      const { template, data } = helpPage(site, { topic, language: readLanguage(request) })
      return reply.view(template, data)
    })
  }
}

/** For another origin of ours: its error pages have the same footer, whose links lead to the public origin. */
export async function helpElsewhere(app: FastifyInstance, { publicUrl }: Site): Promise<void> {
  for (const address of [...helpPages.map(addressOf), '/connections'])
    app.get(address, (_request, reply) => reply.redirect(publicUrl + address, 303))
}

/** The list of all topics, and each. */
export const helpPages = ['index', ...helpTopics] as const
export type HelpPageName = (typeof helpPages)[number]

export const addressOf = (topic: HelpPageName): string => (topic === 'index' ? '/help' : `/help/${topic}`)

export type HelpPage =
  | { readonly template: 'help/index'; readonly data: HelpIndexData }
  | { readonly template: 'help/topic'; readonly data: HelpTopicData }

type HelpData = {
  readonly frame: Frame
  readonly t: Messages
  /** what a text's names in braces stand for, each in its own language */
  readonly values: HelpValues
}

type HelpValues = Readonly<Record<string, string | { readonly japanese: string }>>

export type HelpIndexData = HelpData & {
  readonly view: {
    readonly topics: readonly { readonly href: string; readonly title: string; readonly about: string }[]
  }
}

export type HelpTopicData = HelpData & {
  readonly view: { readonly sections: readonly { question: string; blocks: readonly ShownBlock[] }[] }
}

type ShownBlock =
  | Exclude<HelpBlock, { readonly see: HelpTopic } | { readonly go: string }>
  | { readonly link: { readonly href: string; readonly title: string } }

export function helpPage(
  site: Site,
  { topic, language }: { topic: HelpPageName; language: Language },
): HelpPage {
  const t = site.words[language]
  const { index, topics } = t.help
  const { title } = topic === 'index' ? index : topics[topic]
  const screen = helpScreens[topic]
  const common = {
    frame: bareFrame(site, { language, screen, title, switchable: true }),
    t,
    values: valuesOf(site, language),
  }
  const linkTo = (other: HelpTopic) => ({ href: addressOf(other), title: topics[other].title })

  if (topic === 'index') {
    const list = helpTopics.map((other) => ({ ...linkTo(other), about: topics[other].about }))
    return { template: 'help/index', data: { ...common, view: { topics: list } } }
  }
  const applies = ({ when }: HelpBlock | HelpSection): boolean => when === undefined || holds(site)[when]
  const sections = topics[topic].sections.filter(applies).map(({ question, blocks }) => ({
    question,
    blocks: blocks.filter(applies).map((block): ShownBlock => {
      if ('go' in block) return { link: { href: block.go, title: t.connections.footer } }
      return 'see' in block ? { link: linkTo(block.see) } : block
    }),
  }))
  return { template: 'help/topic', data: { ...common, view: { sections } } }
}

const holds = ({ certificates, institution }: Site): Readonly<Record<HelpCondition, boolean>> => ({
  certificates: certificates !== 'off',
  'no-certificates': certificates === 'off',
  'fresh-host': certificates === 'fresh-host',
  'fixed-host': certificates === 'fixed-host',
  'renewal-notice': certificates !== 'off' && noticeDays(institution) > 0,
})

const noticeDays = ({ certificates }: Site['institution']): number => certificates?.noticeDays ?? 0

function valuesOf({ institution, publicUrl }: Site, language: Language): HelpValues {
  const { name, rules } = institution
  return {
    bank: name[language],
    bankInJapanese: { japanese: name.ja },
    host: new URL(publicUrl).host,
    // What the bank's own forms call it, which a page in English has to name too.
    inquiryPin: { japanese: '照会用暗証番号' },
    pinDigits: String(rules.pinDigits),
    noticeDays: String(noticeDays(institution)),
    idleMinutes: String(idleLimit / minutes(1)),
    totalMinutes: String(absoluteLimit / minutes(1)),
  }
}
