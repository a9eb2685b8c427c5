/** What every page for developers has around it. Customers never come here, so it says nothing that is meant for them. */
import type { Institution } from '../institution.ts'
import type { Language } from '../web/language.ts'
import { developersEn } from '../web/messages/developers-en.ts'
import { type DevelopersMessages, developersJa } from '../web/messages/developers-ja.ts'
import type { DevelopersView } from './views.ts'
import type { Said } from './visit.ts'

export const developersWords: Readonly<Record<Language, DevelopersMessages>> = {
  ja: developersJa,
  en: developersEn,
}

/** Below `/developers`, as routes have it. */
export type Address = `/developers${'' | `/${string}`}`

export type DevelopersFrame = {
  readonly language: Language
  readonly title: string
  readonly titlePrefix: string
  readonly bank: { readonly name: string; readonly hasLogo: boolean }
  readonly menu: readonly { readonly href: string; readonly text: string; readonly current: boolean }[]
  readonly csrf: string
  readonly isSignedIn: boolean
  readonly errors: readonly { readonly text: string; readonly href: string }[]
  readonly done: string | null
}

type Shown = {
  readonly language: Language
  readonly title: string
  readonly path: string
  readonly csrf: string
  readonly isSignedIn: boolean
  readonly said: Said
}

export type DevelopersPage = { readonly template: DevelopersView['template']; readonly data: object }

/** The page as it is sent: a view, and what stands around it. */
export function pageOf(
  { institution }: { readonly institution: Institution },
  { language, title, path, csrf, isSignedIn, said }: Shown,
  { template, view }: DevelopersView,
): DevelopersPage {
  const t = developersWords[language]
  const errors = said.errors.map(({ code, field }) => ({ field, text: t.errors[code] }))
  const own = isSignedIn ? (['client'] as const) : (['register', 'sign-in'] as const)
  const menu = ['start', ...own, 'try', 'samples'] as const
  const frame: DevelopersFrame = {
    language,
    title,
    titlePrefix: errors.length > 0 ? t.frame.errorPrefix : '',
    bank: { name: institution.name[language], hasLogo: institution.brand?.logo !== undefined },
    menu: menu.map((name) => ({
      href: hrefs[name],
      text: t.frame.menuOf[name],
      current: hrefs[name] === path,
    })),
    csrf,
    isSignedIn,
    errors: errors.map(({ field, text }) => ({ text, href: `#${field}` })),
    done: said.done ? t.done[said.done] : null,
  }
  const errorsAt = (field: string): readonly string[] =>
    errors.filter((one) => one.field === field).map(({ text }) => text)
  return { template, data: { frame, t, view, errorsAt } }
}

const hrefs = {
  start: '/developers',
  register: '/developers/register',
  'sign-in': '/developers/sign-in',
  client: '/developers/client',
  try: '/developers/try',
  samples: '/developers/samples',
} as const satisfies Record<string, Address>
