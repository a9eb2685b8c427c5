/** Sends the pages: what a route knows goes into one template's object, and the language is the one the customer reads. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FieldError, type Problem, type ProblemCode, problems } from '../errors.ts'
import type { Ending } from '../journey/journey.ts'
import { resultsCsv } from '../journey/results-csv.ts'
import type { StepContext } from '../journey/step.ts'
import type { StepName } from '../journey/steps.ts'
import { journeyNumber } from '../secrets.ts'
import type { Site } from './frame.ts'
import { type Language, pickLanguage } from './language.ts'
import type { Granted } from './receipt.ts'
import { type Page, returnPage, stepPage, type StepView } from './templates.ts'
import { deadEndPage, problemPage, type ProblemToTell } from './problem-pages.ts'

export const languageCookie = 'language'

export function readLanguage(request: FastifyRequest, uiLocales?: string): Language {
  return pickLanguage({
    chosen: request.cookies[languageCookie],
    wished: uiLocales,
    accepted: request.headers['accept-language'],
  })
}

/** Where `?lang=en` shows the same page again in that language. */
export const switchesLanguage = ({ routeOptions }: FastifyRequest): boolean =>
  /^\/(journey|connections|help|developers)(\/|$)/.test(routeOptions.url ?? '')

/** Retry-After, for a problem that passes at a known time (RFC 9110, section 10.2.3). */
export function sayWhen(reply: FastifyReply, { closed }: Problem, now: number): void {
  const wait = Math.ceil(((closed?.resumesAt ?? now) - now) / 1000)
  if (wait > 0) reply.header('retry-after', String(wait))
}

export type Pages = ReturnType<typeof createPages>

export function createPages(site: Site) {
  const send = (reply: FastifyReply, { template, data }: Page): FastifyReply => reply.view(template, data)
  const csrfOf = (reply: FastifyReply, uid: string): string => reply.generateCsrf({ path: `/journey/${uid}` })

  return {
    /** A screen of the manual. */
    async step(
      _request: FastifyRequest,
      reply: FastifyReply,
      shown: {
        step: StepName
        view: StepView<StepName>
        errors: readonly FieldError[]
        idle: boolean
        context: StepContext
      },
    ): Promise<FastifyReply> {
      return send(reply, stepPage(site, { ...shown, csrf: csrfOf(reply, shown.context.uid) }))
    },

    /** A dead end within a journey: two ways out. */
    async deadEnd(
      _request: FastifyRequest,
      reply: FastifyReply,
      shown: { problem: Problem; context: StepContext; base: string; step: StepName },
    ): Promise<FastifyReply> {
      const page = deadEndPage(site, { ...shown, csrf: csrfOf(reply, shown.context.uid) })
      sayWhen(reply, shown.problem, shown.context.now)
      return send(reply.code(problems[shown.problem.code].status), page)
    },

    /** A problem outside a journey, or one of which nothing is left. `retry` is an address of ours, when there is one. */
    async problem(
      request: FastifyRequest,
      reply: FastifyReply,
      {
        status,
        ...told
      }: { code: ProblemCode; incident?: string; retry?: string; receipt?: string; status?: number },
    ): Promise<FastifyReply> {
      const page = problemPage(site, {
        ...told,
        language: readLanguage(request),
        switchable: switchesLanguage(request),
      })
      return send(reply.code(status ?? problems[told.code].status), page)
    },

    /** The same as text, for where there is no reply of ours: the engine's error page. */
    async renderProblem(
      render: (template: string, data: object) => Promise<string>,
      language: Language,
      told: ProblemToTell,
    ): Promise<string> {
      const { template, data } = problemPage(site, { ...told, language })
      return render(template, data)
    },

    /** 手順 5 as a file to keep. */
    sendResults(
      reply: FastifyReply,
      { context: { uid, language, client }, view }: { context: StepContext; view: StepView<'review-pins'> },
    ): FastifyReply {
      const t = site.words[language]
      const number = journeyNumber(uid)
      const service = `${client.serviceName}（${client.companyName}）`
      const name = encodeURIComponent(`${t.receipt.file}_${number}.csv`)
      return reply
        .type('text/csv; charset=utf-8')
        .header(
          'content-disposition',
          `attachment; filename="results-${number}.csv"; filename*=UTF-8''${name}`,
        )
        .send(resultsCsv(view, { t, number, service }))
    },

    /** 「許可しました。連携先に戻ります」: the last page, whose instant refresh and button lead back; or the one that stays. */
    async ending(
      request: FastifyRequest,
      reply: FastifyReply,
      {
        uiLocales,
        ...end
      }: {
        how: Ending
        granted: Granted | null
        serviceName: string
        companyName: string
        resumeUrl: string | null
        stays: boolean
        uid: string
        uiLocales: string | undefined
      },
    ): Promise<FastifyReply> {
      return send(reply, returnPage(site, { ...end, language: readLanguage(request, uiLocales) }))
    },
  }
}
