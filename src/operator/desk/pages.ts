/** What every page of the desk has around it, and how it is sent: who is there, where he may go, what the form before said. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problems } from '../../errors.ts'
import type { Institution } from '../../institution.ts'
import type { FailurePages } from '../../web/failures.ts'
import type { Language } from '../../web/language.ts'
import { deskEn } from '../../web/messages/desk-en.ts'
import { type DeskMessages, type DeskProblem, deskJa } from '../../web/messages/desk-ja.ts'
import { readLanguage } from '../../web/pages.ts'
import { pickLanguage } from '../../web/language.ts'
import { type Member, mayOpen } from './roles.ts'
import { nothingSaid, type Said } from './said.ts'
import type { DeskView } from './views.ts'

export const deskWords: Readonly<Record<Language, DeskMessages>> = { ja: deskJa, en: deskEn }

export type DeskFrame = {
  readonly language: Language
  readonly title: string
  readonly titlePrefix: string
  readonly bank: { readonly name: string; readonly hasLogo: boolean }
  readonly isDemo: boolean
  /** null for whoever was refused */
  readonly member: {
    readonly name: string
    readonly roles: readonly string[]
    readonly csrf: string
    readonly menu: readonly { readonly href: string; readonly text: string; readonly current: boolean }[]
  } | null
  readonly errors: readonly { readonly text: string; readonly href: string }[]
  readonly done: string | null
}

type ErrorsAt = (field: string) => readonly string[]

export type DeskSite = {
  readonly institution: Institution
  readonly isDemo: boolean
}

export type Shown = {
  readonly language: Language
  readonly title: string
  /** the entry of the menu that the page belongs to */
  readonly under: 'home' | 'clients' | 'audit' | null
  readonly member: Member | null
  readonly csrf: string
  readonly said?: Said
}

/** The page as it is sent: a view, and what stands around it. */
function deskPage(
  { institution, isDemo }: DeskSite,
  { language, title, under, member, csrf, said = nothingSaid }: Shown,
  { template, view }: DeskView,
): { readonly template: DeskView['template']; readonly data: object } {
  const t = deskWords[language]
  const errors = said.errors.map(({ code, field }) => ({ field, text: t.errors[code] }))
  const menu = (['home', 'clients', 'audit'] as const).map((name) => ({ name, href: hrefs[name] }))
  const frame: DeskFrame = {
    language,
    title,
    titlePrefix: errors.length > 0 ? t.frame.errorPrefix : '',
    bank: { name: institution.name[language], hasLogo: institution.brand?.logo !== undefined },
    isDemo,
    member: member && {
      name: member.name,
      roles: member.roles.map((role) => t.roles[role]),
      csrf,
      menu: menu
        .filter(({ href }) => mayOpen(member, `GET ${href}`))
        .map(({ name, href }) => ({ href, text: t.frame[name], current: name === under })),
    },
    errors: errors.map(({ field, text }) => ({ text, href: `#${field}` })),
    done: said.done ? t.done[said.done] : null,
  }
  const errorsAt: ErrorsAt = (field) => errors.filter((one) => one.field === field).map(({ text }) => text)
  return { template, data: { frame, t, view, errorsAt } }
}

const hrefs = { home: '/', clients: '/clients', audit: '/audit' } as const

export type DeskPages = ReturnType<typeof createDeskPages>

export function createDeskPages(site: DeskSite) {
  const problemOf = (
    language: Language,
    { problem, incident = null }: { problem: DeskProblem; incident?: string | null },
    member: Member | null = null,
  ) => {
    const { title, line } = deskWords[language].problems[problem]
    return deskPage(
      site,
      { language, title, under: null, member, csrf: '' },
      { template: 'desk/problem', view: { line, incident, home: member !== null } },
    )
  }
  const failurePages: FailurePages = {
    async problem(request, reply, { code, incident, status }) {
      const { template, data } = problemOf(
        readLanguage(request),
        { problem: deskProblem(code), incident: incident ?? null },
        request.member,
      )
      return reply.code(status ?? problems[code].status).view(template, data)
    },
    async renderProblem(render, language, { code, incident }) {
      const { template, data } = problemOf(language, {
        problem: deskProblem(code),
        incident: incident ?? null,
      })
      return render(template, data)
    },
  }

  return {
    failurePages,

    send(reply: FastifyReply, shown: Shown, view: DeskView): FastifyReply {
      const { template, data } = deskPage(site, shown, view)
      return reply.view(template, data)
    },

    /** The plain refusal: it says nothing about what is behind it. */
    refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
      const language = pickLanguage({ accepted: request.headers['accept-language'] })
      const { template, data } = problemOf(language, { problem: 'refused' })
      return reply.code(403).view(template, data)
    },

    problem(
      request: FastifyRequest,
      reply: FastifyReply,
      problem: Extract<DeskProblem, 'not-allowed' | 'not-found' | 'stale-form' | 'foreign-origin'>,
    ): FastifyReply {
      const { template, data } = problemOf(readLanguage(request), { problem }, request.member)
      return reply.code(problem === 'not-found' ? 404 : 403).view(template, data)
    },

    demoSignIn(request: FastifyRequest, reply: FastifyReply, members: readonly Member[]): FastifyReply {
      const language = readLanguage(request)
      const t = deskWords[language]
      const view = members.map(({ name, roles }) => ({ name, roles: roles.map((role) => t.roles[role]) }))
      return this.send(
        reply,
        { language, title: t.demoSignIn.title, under: null, member: null, csrf: '' },
        { template: 'desk/demo-sign-in', view: { members: view } },
      )
    },
  }
}

/** The desk has fewer words than the customers' pages for what may go wrong. */
function deskProblem(code: string): DeskProblem {
  const known: readonly string[] = Object.keys(deskJa.problems)
  if (code === 'forwarding-refused') return 'refused'
  return known.includes(code) ? (code as DeskProblem) : 'bad-request'
}
