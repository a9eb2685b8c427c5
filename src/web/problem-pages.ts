/** The pages of what went wrong: dead ends within a journey, and problems of which nothing is left. */
import type { ReceivedCertificate } from '../certificate/verdict.ts'
import { type Problem, type ProblemCode, problems } from '../errors.ts'
import { absoluteLimit } from '../journey/journey.ts'
import type { StepName } from '../journey/steps.ts'
import {
  bareFrame,
  type Frame,
  type JourneyFrame,
  journeyFrame,
  type PageContext,
  type Site,
} from './frame.ts'
import { clockTime, type Language, longDate } from './language.ts'
import type { Messages } from './messages/ja.ts'
import { problemScreens } from './screen-numbers.ts'

type ProblemPage = { readonly template: 'problem'; readonly data: ProblemData }

/** A dead end: in a journey with up to two ways out, elsewhere with what is left. */
export type ProblemData = {
  readonly t: Messages
} & (
  | { readonly frame: JourneyFrame; readonly view: ProblemView & { readonly cancel: string } }
  | { readonly frame: Frame; readonly view: ProblemView & { readonly cancel: null } }
)

type ProblemView = {
  readonly lines: readonly string[]
  /** an address of ours to try again at, and what the button says */
  readonly retry: { readonly href: string; readonly text: string } | null
  readonly receipt: string | null
  /** the client certificate that came */
  readonly received: ReceivedView | null
  /** why the browser's chooser may stay away, and what helps */
  readonly chooserHint: readonly string[]
  /** back to the sign-in page, where the retry leads elsewhere */
  readonly signIn: string | null
  /** where the form that leads back to the fintech is sent */
  readonly cancel: string | null
  readonly code: ProblemCode
  /** the way on is a call, so the number stands right here */
  readonly calls: boolean
  /** 事象番号, to find the failure in the log */
  readonly incident: string | null
  /** for the fintech's developers */
  readonly detail: string | null
}

type ReceivedView = Pick<ReceivedCertificate, 'holder' | 'company' | 'issuer'> & {
  readonly from: string
  readonly until: string
}

/** A dead end within a journey: two ways out, or one where trying again cannot help. */
export function deadEndPage(
  site: Site,
  {
    problem,
    context,
    base,
    step,
    csrf,
  }: { problem: Problem; context: PageContext; base: string; step: StepName; csrf: string },
): ProblemPage {
  const { language, startedAt } = context
  const { code, received } = problem
  const t = site.words[language]
  const { title } = t.problems[code]
  const waits = canWaitFor(problem, startedAt + absoluteLimit)
  const byCertificate = certificateRetry(site, code, language)
  return {
    template: 'problem',
    data: {
      frame: {
        ...journeyFrame(site, context, { screen: problemScreens[code], title, csrf }),
        titlePrefix: t.frame.errorPrefix,
      },
      t,
      view: {
        lines: linesOf(t, problem, { language, waits }),
        retry: byCertificate
          ? { href: `${base}/certificate-login`, text: byCertificate }
          : problems[code].retry && waits
            ? { href: `${base}/${step}`, text: signInAgain.has(code) ? t.certificates.signIn : t.frame.retry }
            : null,
        receipt: null,
        received: received ? receivedView(received, language) : null,
        chooserHint: byCertificate ? t.certificates.chooserHint[site.certificates] : [],
        signIn: byCertificate ? `${base}/sign-in` : null,
        cancel: `${base}/cancel`,
        code,
        calls: needCall.has(code),
        incident: null,
        detail: null,
      },
    },
  }
}

/** Waiting on this page makes no sense when the visit is over before the institution opens. */
const canWaitFor = ({ closed }: Problem, end: number): boolean =>
  closed?.resumesAt === undefined || closed.resumesAt < end

/** The fixed text of a problem; where the institution is closed, also why, until when, and what to do then. */
export function linesOf(
  t: Messages,
  { code, closed }: Problem,
  { language, waits }: { language: Language; waits: boolean },
): readonly string[] {
  const { lines } = t.problems[code]
  if (!closed) return code === 'bank-unavailable' ? [...lines, t.closed.soon] : lines
  const { reason, resumesAt } = closed
  return [
    ...lines,
    ...(reason ? [t.closed.reason(reason[language])] : []),
    resumesAt === undefined
      ? t.closed.later
      : t.closed.resumes(longDate(resumesAt, language), clockTime(resumesAt)),
    waits ? t.closed.here : t.closed.atService,
  ]
}

/** What only the bank's desk can solve: its number stands in the text itself. */
export const needCall: ReadonlySet<ProblemCode> = new Set([
  'locked-for-a-while',
  'locked-for-good',
  'locked-by-bank',
  'contract-closed',
  'no-accounts',
  'risk-refused',
  'forwarding-refused',
  'certificate-expired',
  'certificate-revoked',
  'certificate-other-issuer',
  'certificate-unsuitable',
  'certificate-not-tied',
  'incident',
])

/** Where trying again means signing in another way, the button says so. */
export const signInAgain: ReadonlySet<ProblemCode> = new Set([
  'password-required',
  'certificates-off',
  'customer-of-another',
])

/**
 * What the button says that leads to another try with a certificate; null where no certificate helps, or no certificate
 * origin is. Whoever came by ID has not chosen one yet.
 */
export function certificateRetry(
  { certificates, words }: Site,
  code: ProblemCode,
  language: Language,
): string | null {
  if (problems[code].retry !== 'certificate' || certificates === 'off') return null
  const t = words[language]
  return code === 'certificate-required' ? t.signIn.certificateButton : t.certificates.retry
}

export function receivedView(
  { holder, company, issuer, startsAt, endsAt }: ReceivedCertificate,
  language: Language,
): ReceivedView {
  return {
    holder,
    company,
    issuer,
    from: longDate(startsAt, language),
    until: longDate(endsAt, language),
  }
}

export type ProblemToTell = {
  readonly code: ProblemCode
  readonly incident?: string
  readonly retry?: string
  /** where the receipt of what was allowed can still be seen */
  readonly receipt?: string
  readonly detail?: string
}

/** A problem outside a journey, or one of which nothing is left. */
export function problemPage(
  site: Site,
  {
    language,
    code,
    incident,
    retry,
    receipt,
    detail,
    switchable = false,
  }: ProblemToTell & { language: Language; switchable?: boolean },
): ProblemPage {
  const t = site.words[language]
  const { title } = t.problems[code]
  return {
    template: 'problem',
    data: {
      frame: {
        ...bareFrame(site, { language, screen: problemScreens[code], title, switchable }),
        titlePrefix: t.frame.errorPrefix,
      },
      t,
      view: {
        lines: linesOf(t, { code }, { language, waits: true }),
        retry: retry ? { href: retry, text: t.frame.retry } : null,
        receipt: receipt ?? null,
        received: null,
        chooserHint: [],
        signIn: null,
        cancel: null,
        code,
        calls: needCall.has(code),
        incident: incident ?? null,
        detail: detail ?? null,
      },
    },
  }
}
