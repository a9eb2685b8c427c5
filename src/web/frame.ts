/** What stands around every page: bank, who asks, phase, errors, help. It never asks the request anything but what is handed in. */
import type { Mode } from '../consent/past.ts'
import { serviceText } from '../consent/wording.ts'
import type { FieldError } from '../errors.ts'
import type { Institution } from '../institution.ts'
import { absoluteLimit, certificateCountsUntil, idleLimit } from '../journey/journey.ts'
import type { StepContext, VisitContext } from '../journey/step.ts'
import type { StepName } from '../journey/steps.ts'
import { journeyNumber } from '../secrets.ts'
import { clockTime, type Language, longDate } from './language.ts'
import type { Messages } from './messages/ja.ts'
import type { Words } from './words.ts'

/** The bank whose pages these are, and the address they stand at. */
export type Site = {
  readonly words: Words
  readonly institution: Institution
  readonly publicUrl: string
  /** whether customers may sign in by certificate, and whether every attempt has a host of its own */
  readonly certificates: Certificates
}

export type Certificates = 'off' | 'fixed-host' | 'fresh-host'

/** What a page is told about the visit, whatever the customer came for. */
export type VisitPageContext = Pick<VisitContext, 'uid' | 'language' | 'facts' | 'now' | 'startedAt'>

/** What a page within a journey is told about it. */
export type PageContext = Pick<
  StepContext,
  'uid' | 'language' | 'client' | 'mode' | 'facts' | 'now' | 'startedAt'
>

/** Everything is there, or null: a template never meets a missing name. */
export type Frame = {
  readonly language: Language
  readonly titlePrefix: string
  readonly title: string
  readonly bank: {
    readonly name: string
    readonly phone: string
    readonly phoneHours: string
    readonly hasLogo: boolean
  }
  readonly host: string
  readonly certificates: Certificates
  readonly screen: string
  /** the address of the page answers `?lang=` */
  readonly switchable: boolean
  readonly phase: { readonly number: number; readonly skipped: readonly string[] } | null
  readonly asking: {
    readonly service: string
    readonly company: string
    readonly domain: string
    readonly registration: string
    readonly contact: string
    readonly liabilityUrl: string
    /** the page itself says it near its top; elsewhere it stands in the footer */
    readonly above: boolean
  } | null
  readonly signedIn: { readonly company: string; readonly user: string } | null
  readonly journey: { readonly base: string; readonly number: string; readonly csrf: string } | null
  readonly errors: readonly (Omit<FieldText, 'field'> & { readonly href: string })[]
  readonly notice: string | null
  readonly refresh: string | null
  /** on pages where something may be lost when time is up */
  readonly time: TimeLeft | null
}

/** What is left as the page is sent: lengths, because the customer's clock may be wrong. */
export type TimeLeft = {
  /** seconds without activity until the journey starts again */
  readonly idle: number
  /** seconds until it ends in any case, or until what was shown for it counts no more */
  readonly left: number
  /** when that is: `15:59` in Japan */
  readonly endsAt: string
  /** what is over then */
  readonly of: 'journey' | 'certificate'
}

/** The frame of a page within a visit, where the customer can still go on or leave. */
export type VisitFrame = Frame & { readonly journey: NonNullable<Frame['journey']> }

/** Within a journey: a fintech waits for the answer. */
export type JourneyFrame = VisitFrame & { readonly asking: NonNullable<Frame['asking']> }

export type StepFrame = JourneyFrame & { readonly phase: NonNullable<Frame['phase']> }

export function bareFrame(
  { institution, publicUrl, certificates }: Site,
  {
    language,
    screen,
    title,
    switchable = false,
  }: { language: Language; screen: string; title: string; switchable?: boolean },
): Frame {
  return {
    language,
    titlePrefix: '',
    title,
    bank: {
      name: institution.name[language],
      phone: institution.phone,
      phoneHours: institution.phoneHours[language],
      hasLogo: institution.brand?.logo !== undefined,
    },
    host: new URL(publicUrl).host,
    certificates,
    screen,
    switchable,
    phase: null,
    asking: null,
    signedIn: null,
    journey: null,
    errors: [],
    notice: null,
    refresh: null,
    time: null,
  }
}

export function visitFrame(
  site: Site,
  { uid, language, facts: { customer } }: VisitPageContext,
  { screen, title, base, csrf }: { screen: string; title: string; base: string; csrf: string },
): VisitFrame {
  return {
    ...bareFrame(site, { language, screen, title, switchable: true }),
    signedIn: customer ? { company: customer.companyName, user: customer.userName } : null,
    journey: { base, number: journeyNumber(uid), csrf },
  }
}

export function journeyFrame(
  site: Site,
  context: PageContext,
  told: { screen: string; title: string; csrf: string },
): JourneyFrame {
  const frame = visitFrame(site, context, { ...told, base: `/journey/${context.uid}` })
  return { ...frame, asking: askingOf(context) }
}

export function stepFrame(
  site: Site,
  context: PageContext,
  { step, csrf, errors, idle }: { step: StepName; csrf: string; errors: readonly FieldText[]; idle: boolean },
): StepFrame {
  const t = site.words[context.language]
  const { id, phase, saysWhoAsks } = screens[step]
  const frame = journeyFrame(site, context, { screen: id, title: titleOf(t, step, context.mode), csrf })
  return {
    ...frame,
    titlePrefix: errors.length > 0 ? t.frame.errorPrefix : '',
    phase: {
      number: phase,
      skipped: skippedPhases(step, context).map((skipped) => t.frame.phases[skipped - 1] ?? ''),
    },
    asking: { ...frame.asking, above: saysWhoAsks },
    errors: errors.map(({ field, text, beside }) => ({ text, beside, href: `#${field}` })),
    notice: idle ? t.notices.idle : null,
    time: timeLeft(step, context),
  }
}

/** Showing a page of a step is activity, so the idle time begins anew with it; a certificate's time does not. */
export function timeLeft(
  step: string,
  { now, startedAt, facts: { certificate } }: VisitPageContext,
): TimeLeft {
  const journeyEnd = startedAt + absoluteLimit
  const certificateEnd =
    step === 'certificate-password' && certificate ? certificateCountsUntil(certificate) : journeyEnd
  const end = Math.min(journeyEnd, certificateEnd)
  return {
    idle: idleLimit / 1000,
    left: Math.max(0, Math.floor((end - now) / 1000)),
    endsAt: clockTime(end),
    of: end < journeyEnd ? 'certificate' : 'journey',
  }
}

/** An error in the customer's words, and the id of the control it belongs to. */
export type FieldText = {
  readonly field: string
  readonly text: string
  /** the same where the account already stands in the row */
  readonly beside: string
}

export const fieldTexts = (
  { words }: Site,
  errors: readonly FieldError[],
  language: Language,
): readonly FieldText[] =>
  errors.map(({ field, code, values = {} }) => {
    const say = words[language].fieldErrors[code]
    const { account: _, ...rest } = values
    return { field, text: say(values), beside: say(rest) }
  })

/** How a template writes dates and services in the language of its page. */
export const writing = ({ institution: { rules } }: Site, language: Language) => ({
  longDate: (at: number) => longDate(at, language),
  clockTime,
  serviceText: (name: Parameters<typeof serviceText>[0]) => serviceText(name, language, rules.lookBackMonths),
})

type Screen = {
  /** to read out on the phone */
  readonly id: string
  /** one of four */
  readonly phase: 1 | 2 | 3 | 4
  /** the page itself says near its top who asks: where he hands over his password, and where he decides */
  readonly saysWhoAsks: boolean
}

const screens: Readonly<Record<StepName, Screen>> = {
  'sign-in': { id: 'NK-1', phase: 1, saysWhoAsks: true },
  'certificate-password': { id: 'NK-1B', phase: 1, saysWhoAsks: true },
  'answer-challenge': { id: 'NK-2', phase: 1, saysWhoAsks: false },
  'choose-services': { id: 'NK-3', phase: 2, saysWhoAsks: false },
  'register-pins': { id: 'NK-4', phase: 3, saysWhoAsks: false },
  'review-pins': { id: 'NK-5', phase: 3, saysWhoAsks: false },
  'give-consent': { id: 'NK-6', phase: 4, saysWhoAsks: true },
}

/** The manual's suffix 「（利用登録）」 is the mode; before sign-in nobody knows that it is another. */
function titleOf(t: Messages, step: StepName, mode: Mode): string {
  const titles: Readonly<Record<StepName, string>> = {
    'sign-in': t.signIn.title,
    'certificate-password': t.certificatePassword.title,
    'answer-challenge': t.answerChallenge.title[mode],
    'choose-services': t.chooseServices.title[mode],
    'register-pins': t.registerPins.title[mode],
    'review-pins': t.reviewPins.title,
    'give-consent': t.giveConsent.title[mode],
  }
  return titles[step]
}

/** Phases that do not apply, said once on the page that follows them. */
function skippedPhases(step: StepName, { client, facts }: PageContext): number[] {
  const services = client.customerChooses && facts.servicesFrom !== 'former' ? [] : [2]
  if (step === 'register-pins') return services
  if (step === 'give-consent' && facts.pins === 'not-needed') return [...services, 3]
  return []
}

function askingOf({ client }: PageContext): JourneyFrame['asking'] {
  const [redirect] = client.redirectUris
  return {
    service: client.serviceName,
    company: client.companyName,
    domain: redirect ? new URL(redirect).host : '',
    registration: client.registrationNumber,
    contact: client.contact,
    liabilityUrl: client.liabilityUrl,
    above: false,
  }
}
