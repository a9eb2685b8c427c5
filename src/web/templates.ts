/** Every template and the one object it is given, made without a request, so that a sample is exactly what the app sends. */
import type { ReceivedCertificate } from '../certificate/verdict.ts'
import { type FieldError, type Problem, type ProblemCode, problems } from '../errors.ts'
import type { Ending } from '../journey/journey.ts'
import type { StepName, steps } from '../journey/steps.ts'
import { journeyNumber } from '../secrets.ts'
import { byBranch } from './branches.ts'
import type { ConnectionsPage } from './connections.ts'
import {
  bareFrame,
  fieldTexts,
  type Frame,
  type JourneyFrame,
  journeyFrame,
  type PageContext,
  type Site,
  stepFrame,
  type StepFrame,
  writing,
} from './frame.ts'
import type { HelpPage } from './help.ts'
import { type Language, longDate } from './language.ts'
import type { Messages } from './messages/ja.ts'
import { type Granted, type Receipt, receiptOf } from './receipt.ts'
import { endingScreens, problemScreens, receiptScreen } from './screen-numbers.ts'

export type Page =
  | { readonly template: `journey/${StepName}`; readonly data: StepData<StepName> }
  | { readonly template: 'problem'; readonly data: ProblemData }
  | { readonly template: 'journey/return'; readonly data: ReturnData }
  | HelpPage
  | ConnectionsPage

/** What the page of a step shows: inferred from the step itself. */
export type StepView<Name extends StepName> = Name extends StepName
  ? Extract<Awaited<ReturnType<(typeof steps)[Name]['page']>>, { readonly view: unknown }>['view']
  : never

/** A screen of the manual. */
export type StepData<Name extends StepName> = ReturnType<typeof writing> & {
  readonly frame: StepFrame
  readonly t: Messages
  readonly view: StepView<Name>
  /** the errors at a control, by its id; usually none */
  readonly errorsAt: (id: string) => readonly string[]
  readonly byBranch: typeof byBranch
}

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

/** 「許可しました。連携先に戻ります」 and the other ends of a journey. */
export type ReturnData = {
  readonly frame: Frame
  readonly t: Messages
  readonly view: {
    readonly how: Ending
    readonly lines: readonly string[]
    readonly number: string
    /** by its refresh, at once */
    readonly leaves: boolean
    readonly receipt: Receipt | null
    /** where the page with the receipt stays on screen */
    readonly receiptUrl: string | null
    /** back to the fintech; null when the customer was there already */
    readonly resumeUrl: string | null
    readonly serviceName: string
  }
}

export function stepPage<Name extends StepName>(
  site: Site,
  {
    step,
    view,
    errors,
    idle,
    context,
    csrf,
  }: {
    step: Name
    view: StepView<Name>
    errors: readonly FieldError[]
    idle: boolean
    context: PageContext
    csrf: string
  },
): { readonly template: `journey/${Name}`; readonly data: StepData<Name> } {
  const { language } = context
  const texts = fieldTexts(site, errors, language)
  return {
    template: `journey/${step}`,
    data: {
      frame: stepFrame(site, context, { step, csrf, errors: texts, idle }),
      t: site.words[language],
      view,
      errorsAt: (id) => texts.filter(({ field }) => field === id).map(({ beside }) => beside),
      byBranch,
      ...writing(site, language),
    },
  }
}

/** A dead end within a journey: two ways out, or one where trying again cannot help. */
export function deadEndPage(
  site: Site,
  {
    problem: { code, received },
    context,
    base,
    step,
    csrf,
  }: { problem: Problem; context: PageContext; base: string; step: StepName; csrf: string },
): Page {
  const { language } = context
  const t = site.words[language]
  const { title, lines } = t.problems[code]
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
        lines,
        retry: byCertificate
          ? { href: `${base}/certificate-login`, text: byCertificate }
          : problems[code].retry
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

/** What only the bank's desk can solve: its number stands in the text itself. */
export const needCall: ReadonlySet<ProblemCode> = new Set([
  'locked-for-a-while',
  'locked-for-good',
  'locked-by-bank',
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
): Page {
  const t = site.words[language]
  const { title, lines } = t.problems[code]
  return {
    template: 'problem',
    data: {
      frame: {
        ...bareFrame(site, { language, screen: problemScreens[code], title, switchable }),
        titlePrefix: t.frame.errorPrefix,
      },
      t,
      view: {
        lines,
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

/**
 * The last page of a journey: its instant refresh and its button lead back. One that stays has no refresh, so that the receipt
 * can be read and printed.
 */
export function returnPage(
  site: Site,
  {
    language,
    how,
    granted,
    serviceName,
    companyName,
    resumeUrl,
    stays,
    uid,
  }: {
    language: Language
    how: Ending
    granted: Granted | null
    serviceName: string
    companyName: string
    resumeUrl: string | null
    stays: boolean
    uid: string
  },
): Page {
  const t = site.words[language]
  // Whoever ran out of time should read that nothing was allowed; all others are on their way at once.
  const leaves = !stays && how !== 'timed-out'
  const { title, lines } = stays
    ? t.returnPage[resumeUrl ? 'staying' : 'returned']
    : t.endings[how === 'allowed' && granted?.renews ? 'renewed' : how]
  return {
    template: 'journey/return',
    data: {
      frame: {
        ...bareFrame(site, {
          language,
          screen: stays ? receiptScreen : endingScreens[how],
          title,
          switchable: true,
        }),
        refresh: leaves ? resumeUrl : null,
      },
      t,
      view: {
        how,
        lines,
        leaves,
        number: journeyNumber(uid),
        receipt: granted && receiptOf(site, granted, { companyName, language }),
        receiptUrl: granted && !stays ? `/journey/${uid}/receipt` : null,
        resumeUrl,
        serviceName,
      },
    },
  }
}
