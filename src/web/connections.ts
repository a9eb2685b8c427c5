/** The pages of a customer's own connections, each with the one object its template is given, made without a request. */
import type { Account, Connection, Detail, End } from '../connections/connection.ts'
import type { FieldError, Problem } from '../errors.ts'
import { problems } from '../errors.ts'
import type { SignInStepName } from '../journey/steps.ts'
import {
  bareFrame,
  fieldTexts,
  type Frame,
  type Site,
  timeLeft,
  visitFrame,
  type VisitFrame,
  type VisitPageContext,
  writing,
} from './frame.ts'
import { clockTime, type Language, longDate } from './language.ts'
import { type EndReasonName, endReasons, type WhoEnded } from './messages/connections-ja.ts'
import type { Messages } from './messages/ja.ts'
import { connectionsScreens as screens, problemScreens } from './screen-numbers.ts'
import { type StepView } from './templates.ts'
import {
  certificateRetry,
  linesOf,
  needCall,
  type ProblemData,
  receivedView,
  signInAgain,
} from './problem-pages.ts'

const base = '/connections'

type Data<View> = ReturnType<typeof writing> & {
  readonly frame: VisitFrame
  readonly t: Messages
  readonly view: View
  /** day and time in Japan */
  readonly moment: (at: number) => string
  readonly reasonOf: (end: End) => string
  readonly whoOf: (end: End) => string
  readonly errorsAt: (id: string) => readonly string[]
}

export type ListView = {
  readonly groups: readonly {
    readonly name: 'expiring' | 'live' | 'ended'
    readonly connections: readonly Connection[]
  }[]
}

export type StopView = {
  readonly connection: Connection
  readonly account: Account | null
  readonly isLast: boolean
}

export type StoppedView = {
  readonly at: number
  /** null when everything was stopped */
  readonly connection: Connection | null
  readonly account: Account | null
  readonly all: readonly Connection[]
}

export type ConnectionsPage =
  | { readonly template: `journey/${SignInStepName}`; readonly data: SignInData<SignInStepName> }
  | { readonly template: 'connections/list'; readonly data: Data<ListView> }
  | { readonly template: 'connections/detail'; readonly data: Data<Detail> }
  | { readonly template: 'connections/stop'; readonly data: Data<StopView> }
  | { readonly template: 'connections/stop-everything'; readonly data: Data<readonly Connection[]> }
  | { readonly template: 'connections/stopped'; readonly data: Data<StoppedView> }
  | { readonly template: 'connections/signed-out'; readonly data: { frame: Frame; t: Messages } }
  | { readonly template: 'problem'; readonly data: ProblemData }

/** A step of sign-in: the same template as in a journey, without a fintech that waits. */
export type SignInData<Name extends SignInStepName> = ReturnType<typeof writing> & {
  readonly frame: VisitFrame
  readonly t: Messages
  readonly view: StepView<Name>
  readonly errorsAt: (id: string) => readonly string[]
}

/** What every page within a visit is told. */
type Shown = {
  readonly context: VisitPageContext
  readonly csrf: string
  readonly errors?: readonly FieldError[]
}

export function signInPage<Name extends SignInStepName>(
  site: Site,
  { step, view, idle, ...shown }: Shown & { step: Name; view: StepView<Name>; idle: boolean },
): { readonly template: `journey/${Name}`; readonly data: SignInData<Name> } {
  const t = site.words[shown.context.language]
  const { signIn, time } = t.connections
  const title = step === 'answer-challenge' ? signIn.question : signIn.title
  const data = dataOf(site, view, { ...shown, screen: screens[step], title, step })
  return {
    template: `journey/${step}`,
    data: { ...data, frame: { ...data.frame, notice: idle ? time.over : null } },
  }
}

export function listPage(site: Site, view: ListView, shown: Shown): ConnectionsPage {
  const { title } = textsOf(site, shown).list
  return { template: 'connections/list', data: dataOf(site, view, { ...shown, screen: screens.list, title }) }
}

export function detailPage(site: Site, view: Detail, shown: Shown): ConnectionsPage {
  const { title } = textsOf(site, shown).detail
  return {
    template: 'connections/detail',
    data: dataOf(site, view, { ...shown, screen: screens.detail, title }),
  }
}

export function stopPage(site: Site, view: StopView, shown: Shown): ConnectionsPage {
  const { title, accountTitle } = textsOf(site, shown).stop
  const named = { screen: screens.stop, title: view.account ? accountTitle : title }
  return { template: 'connections/stop', data: dataOf(site, view, { ...shown, ...named }) }
}

export function stopEverythingPage(site: Site, view: readonly Connection[], shown: Shown): ConnectionsPage {
  const { title } = textsOf(site, shown).everything
  const data = dataOf(site, view, { ...shown, screen: screens['stop-everything'], title })
  return { template: 'connections/stop-everything', data }
}

export function stoppedPage(site: Site, view: StoppedView, shown: Shown): ConnectionsPage {
  const { title, accountTitle, everythingTitle } = textsOf(site, shown).stopped
  const named = view.account ? accountTitle : view.connection ? title : everythingTitle
  const data = dataOf(site, view, { ...shown, screen: screens.stopped, title: named })
  return { template: 'connections/stopped', data }
}

export function signedOutPage(site: Site, language: Language): ConnectionsPage {
  const t = site.words[language]
  const { title } = t.connections.signedOut
  return {
    template: 'connections/signed-out',
    data: { frame: bareFrame(site, { language, screen: screens['signed-out'], title, switchable: true }), t },
  }
}

/** A dead end: no fintech waits, so the ways out are to try again and to sign in anew. */
export function connectionsDeadEnd(
  site: Site,
  { problem, step, ...shown }: Shown & { problem: Problem; step: string },
): ConnectionsPage {
  const { language } = shown.context
  const { code, received } = problem
  const t = site.words[language]
  const { title } = t.problems[code]
  const frame = frameOf(site, { ...shown, screen: problemScreens[code], title })
  const byCertificate = certificateRetry(site, code, language)
  const again = problems[code].retry
    ? { href: `${base}/${step}`, text: signInAgain.has(code) ? t.connections.toSignIn : t.frame.retry }
    : null
  const signIn = { href: base, text: frame.signedIn ? t.connections.detail.back : t.connections.toSignIn }
  return {
    template: 'problem',
    data: {
      frame: { ...frame, titlePrefix: t.frame.errorPrefix },
      t,
      view: {
        lines: linesOf(t, problem, { language, waits: true }),
        retry: byCertificate ? { href: `${base}/certificate-login`, text: byCertificate } : (again ?? signIn),
        receipt: null,
        received: received ? receivedView(received, language) : null,
        chooserHint: byCertificate ? t.certificates.chooserHint[site.certificates] : [],
        signIn: byCertificate ? `${base}/sign-in` : null,
        cancel: null,
        code,
        calls: needCall.has(code),
        incident: null,
        detail: null,
      },
    },
  }
}

const textsOf = (site: Site, { context }: Shown) => site.words[context.language].connections

function dataOf<View>(
  site: Site,
  view: View,
  { errors = [], ...shown }: Shown & { screen: string; title: string; step?: SignInStepName },
): Data<View> {
  const { language } = shown.context
  const t = site.words[language]
  const { reasons, who } = t.connections
  const texts = fieldTexts(site, errors, language)
  const frame = frameOf(site, shown)
  return {
    frame: {
      ...frame,
      titlePrefix: texts.length > 0 ? t.frame.errorPrefix : '',
      errors: texts.map(({ field, text, beside }) => ({ text, beside, href: `#${field}` })),
    },
    t,
    view,
    moment: (at) => `${longDate(at, language)} ${clockTime(at)}`,
    reasonOf: ({ reason }) => reasons[reasonName(reason)],
    whoOf: ({ by }) => who[whoEnded(by)],
    errorsAt: (id) => texts.filter(({ field }) => field === id).map(({ text }) => text),
    ...writing(site, language),
  }
}

/** Time is told once there is something to lose by it. */
function frameOf(
  site: Site,
  {
    context,
    csrf,
    screen,
    title,
    step = 'sign-in',
  }: Shown & { screen: string; title: string; step?: SignInStepName },
): VisitFrame {
  const frame = visitFrame(site, context, { screen, title, base, csrf })
  const hasTime = frame.signedIn !== null || step === 'certificate-password'
  return { ...frame, time: hasTime ? timeLeft(step, context) : null }
}

function reasonName(reason: string): EndReasonName {
  if (reason.startsWith('replaced by ')) return 'replaced'
  if (reason.startsWith('journey-')) return 'journey-left'
  return endReasons.find((name) => name === reason) ?? 'other'
}

function whoEnded(by: string): WhoEnded {
  if (by === 'customer' || by === 'client') return by
  return by.startsWith('staff:') ? 'staff' : 'system'
}
