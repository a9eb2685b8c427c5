/** Turns what a route knows into a page: the frame around every screen, the words, and one template each. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FieldError, type Problem, type ProblemCode, problems } from '../errors.ts'
import type { Institution } from '../institution.ts'
import type { Ending } from '../journey/journey.ts'
import type { StepContext } from '../journey/step.ts'
import type { StepName } from '../journey/steps.ts'
import { journeyNumber } from '../secrets.ts'
import { clockTime, type Language, longDate, pickLanguage } from './language.ts'
import { serviceText } from '../consent/wording.ts'
import { en } from './messages/en.ts'
import { ja, type Messages } from './messages/ja.ts'

const dictionaries: Readonly<Record<Language, Messages>> = { ja, en }

export const languageCookie = 'language'

export function readLanguage(request: FastifyRequest, uiLocales?: string): Language {
  return pickLanguage({
    chosen: request.cookies[languageCookie],
    wished: uiLocales,
    accepted: request.headers['accept-language'],
  })
}

/** What stands around every page. Everything is there, or null: a template never meets a missing name. */
export type Frame = {
  readonly language: Language
  readonly titlePrefix: string
  readonly title: string
  readonly bank: {
    readonly name: string
    readonly phone: string
    readonly phoneHours: string
    readonly home: string
  }
  readonly host: string
  readonly screen: string
  readonly phase: { readonly number: number; readonly skipped: readonly string[] } | null
  readonly asking: {
    readonly service: string
    readonly company: string
    readonly domain: string
    readonly registration: string
    readonly contact: string
    readonly liabilityUrl: string
  } | null
  readonly signedIn: { readonly company: string; readonly user: string } | null
  readonly journey: { readonly base: string; readonly number: string; readonly csrf: string } | null
  readonly errors: readonly { readonly text: string; readonly href: string }[]
  readonly notice: string | null
  readonly refresh: string | null
}

export type Pages = ReturnType<typeof createPages>

export function createPages({ institution, publicUrl }: { institution: Institution; publicUrl: string }) {
  const host = new URL(publicUrl).host

  const bareFrame = (language: Language, screen: string, title: string): Frame => ({
    language,
    titlePrefix: '',
    title,
    bank: {
      name: institution.name[language],
      phone: institution.phone,
      phoneHours: institution.phoneHours[language],
      home: institution.links.home,
    },
    host,
    screen,
    phase: null,
    asking: null,
    signedIn: null,
    journey: null,
    errors: [],
    notice: null,
    refresh: null,
  })

  const journeyFrame = (reply: FastifyReply, context: StepContext, screen: string, title: string): Frame => ({
    ...bareFrame(context.language, screen, title),
    asking: askingOf(context),
    signedIn: context.facts.customer
      ? { company: context.facts.customer.companyName, user: context.facts.customer.userName }
      : null,
    journey: {
      base: `/journey/${context.uid}`,
      number: journeyNumber(context.uid),
      csrf: reply.generateCsrf({ path: `/journey/${context.uid}` }),
    },
  })

  const problemText = (language: Language, code: ProblemCode) => dictionaries[language].problems[code]

  return {
    /** A screen of the manual. */
    async step(
      _request: FastifyRequest,
      reply: FastifyReply,
      {
        step,
        view,
        errors,
        idle,
        context,
      }: {
        step: StepName
        view: unknown
        errors: readonly FieldError[]
        idle: boolean
        context: StepContext
      },
    ): Promise<FastifyReply> {
      const t = dictionaries[context.language]
      const texts = errors.map((error) => ({
        field: error.field,
        text: t.fieldErrors[error.code](error.values ?? {}),
      }))
      const frame: Frame = {
        ...journeyFrame(reply, context, screens[step].id, titleOf(t, step)),
        titlePrefix: texts.length > 0 ? t.frame.errorPrefix : '',
        phase: {
          number: screens[step].phase,
          skipped: skippedPhases(step, context).map((phase) => t.frame.phases[phase - 1] ?? ''),
        },
        errors: texts.map(({ field, text }) => ({ text, href: `#${field}` })),
        notice: idle ? t.notices.idle : null,
      }
      return reply.view(`journey/${step}`, {
        frame,
        t,
        view,
        fieldErrors: byField(texts),
        ...formatting(context.language),
      })
    },

    /** A dead end within a journey: two ways out. */
    async deadEnd(
      _request: FastifyRequest,
      reply: FastifyReply,
      {
        problem,
        context,
        retry,
        cancel,
      }: { problem: Problem; context: StepContext; retry: string; cancel: string },
    ): Promise<FastifyReply> {
      const { language } = context
      const { title, lines } = problemText(language, problem.code)
      const meaning = problems[problem.code]
      const frame = {
        ...journeyFrame(reply, context, `NK-P-${problem.code}`, title),
        titlePrefix: dictionaries[language].frame.errorPrefix,
      }
      return reply.code(meaning.status).view('problem', {
        frame,
        t: dictionaries[language],
        view: {
          lines,
          retry: meaning.retry ? retry : null,
          cancel,
          code: problem.code,
          incident: null,
          detail: null,
        },
      })
    },

    /** A problem outside a journey, or one of which nothing is left. `retry` is an address of ours, when there is one. */
    async problem(
      request: FastifyRequest,
      reply: FastifyReply,
      { code, incident, retry }: { code: ProblemCode; incident?: string; retry?: string },
    ): Promise<FastifyReply> {
      const html = await renderProblem(reply.server.view, readLanguage(request), {
        code,
        ...(incident ? { incident } : {}),
        ...(retry ? { retry } : {}),
      })
      return reply.code(problems[code].status).type('text/html; charset=utf-8').send(html)
    },

    renderProblem,

    /** 「許可しました。連携先に戻ります」: the last page, whose instant refresh and button lead back. */
    async ending(
      request: FastifyRequest,
      reply: FastifyReply,
      {
        ending,
        serviceName,
        resumeUrl,
        uid,
        uiLocales,
      }: {
        ending: Ending
        serviceName: string
        resumeUrl: string
        uid: string
        uiLocales: string | undefined
      },
    ): Promise<FastifyReply> {
      const language = readLanguage(request, uiLocales)
      const t = dictionaries[language]
      const { title, lines } = t.endings[ending.how]
      const frame: Frame = {
        ...bareFrame(language, `NK-E-${ending.how}`, title),
        // Whoever ran out of time should read that nothing was allowed; all others are on their way at once.
        refresh: ending.how === 'timed-out' ? null : resumeUrl,
      }
      const view = {
        how: ending.how,
        lines,
        number: journeyNumber(uid),
        consentNumber: ending.consentNumber ?? null,
        until: ending.endsAt === undefined ? null : longDate(ending.endsAt, language),
        resumeUrl,
        serviceName,
      }
      return reply.view('journey/return', { frame, t, view })
    },
  }

  async function renderProblem(
    render: (template: string, data: object) => Promise<string>,
    language: Language,
    {
      code,
      incident,
      retry,
      detail,
    }: { code: ProblemCode; incident?: string; retry?: string; detail?: string },
  ): Promise<string> {
    const { title, lines } = problemText(language, code)
    const frame = {
      ...bareFrame(language, `NK-P-${code}`, title),
      titlePrefix: dictionaries[language].frame.errorPrefix,
    }
    const view = {
      lines,
      retry: retry ?? null,
      cancel: null,
      code,
      incident: incident ?? null,
      detail: detail ?? null,
    }
    return render('problem', { frame, t: dictionaries[language], view })
  }
}

/** The manual's screens: their number to read out on the phone, and their phase of four. */
const screens: Readonly<Record<StepName, { readonly id: string; readonly phase: 1 | 2 | 3 | 4 }>> = {
  'sign-in': { id: 'NK-1', phase: 1 },
  'certificate-password': { id: 'NK-1B', phase: 1 },
  'answer-challenge': { id: 'NK-2', phase: 1 },
  'choose-services': { id: 'NK-3', phase: 2 },
  'register-pins': { id: 'NK-4', phase: 3 },
  'review-pins': { id: 'NK-5', phase: 3 },
  'give-consent': { id: 'NK-6', phase: 4 },
}

function titleOf(t: Messages, step: StepName): string {
  const titles: Readonly<Record<StepName, string>> = {
    'sign-in': t.signIn.title,
    'certificate-password': t.certificatePassword.title,
    'answer-challenge': t.answerChallenge.title,
    'choose-services': t.chooseServices.title,
    'register-pins': t.registerPins.title,
    'review-pins': t.reviewPins.title,
    'give-consent': t.giveConsent.title,
  }
  return titles[step]
}

/** Phases that do not apply, said once on the page that follows them. */
function skippedPhases(step: StepName, { client, facts }: StepContext): number[] {
  const services = client.customerChooses ? [] : [2]
  if (step === 'register-pins') return services
  if (step === 'give-consent' && facts.pins === 'not-needed') return [...services, 3]
  return []
}

function askingOf({ client }: StepContext): Frame['asking'] {
  const [redirect] = client.redirectUris
  return {
    service: client.serviceName,
    company: client.companyName,
    domain: redirect ? new URL(redirect).host : '',
    registration: client.registrationNumber,
    contact: client.contact,
    liabilityUrl: client.liabilityUrl,
  }
}

function byField(
  texts: readonly { field: string; text: string }[],
): Readonly<Record<string, readonly string[]>> {
  const all: Record<string, string[]> = {}
  for (const { field, text } of texts) all[field] = [...(all[field] ?? []), text]
  return all
}

const formatting = (language: Language) => ({
  longDate: (at: number) => longDate(at, language),
  clockTime,
  serviceText: (name: Parameters<typeof serviceText>[0]) => serviceText(name, language),
})
