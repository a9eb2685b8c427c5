/** Every template and the one object it is given, made without a request, so that a sample is exactly what the app sends. */
import type { FieldError } from '../errors.ts'
import type { Ending } from '../journey/journey.ts'
import type { StepName, steps } from '../journey/steps.ts'
import { journeyNumber } from '../secrets.ts'
import { byBranch } from './branches.ts'
import type { ConnectionsPage } from './connections.ts'
import {
  bareFrame,
  fieldTexts,
  type Frame,
  type PageContext,
  type Site,
  stepFrame,
  type StepFrame,
  writing,
} from './frame.ts'
import type { HelpPage } from './help.ts'
import type { Language } from './language.ts'
import type { Messages } from './messages/ja.ts'
import type { ProblemData } from './problem-pages.ts'
import { type Granted, type Receipt, receiptOf } from './receipt.ts'
import { endingScreens, receiptScreen } from './screen-numbers.ts'

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
