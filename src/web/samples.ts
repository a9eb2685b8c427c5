/** Every page in every state, in both languages, as the app would send it: for the tests and for the page gallery. */
import { hours, minutes } from '../clock.ts'
import { type FieldError, type Problem, type ProblemCode, problems } from '../errors.ts'
import type { Ending } from '../journey/journey.ts'
import type { StepName } from '../journey/steps.ts'
import type { Certificates, PageContext } from './frame.ts'
import { helpPage, helpPages } from './help.ts'
import { type Language, languages } from './language.ts'
import {
  account,
  consentView,
  contextOf,
  handles,
  sampleCertificate,
  resultsView,
  rowsView,
  sampleClient,
  sampleGranted,
  sampleNow,
  sampleSite,
  sampleUid,
} from './sample-facts.ts'
import {
  manyConsentView,
  manyGranted,
  manyHandle,
  manyName,
  manyResultsView,
  manyRowsView,
  tenRowsView,
} from './sample-many.ts'
import { changed, over, renewalView, renewing } from './sample-renewal.ts'
import type { Granted } from './receipt.ts'
import { connectionsSamples } from './sample-connections.ts'
import { type Page, returnPage, stepPage, type StepView } from './templates.ts'
import { deadEndPage, problemPage } from './problem-pages.ts'

/** `name` is `<page>/<state>` and stays the same, so that tests and pictures can refer to it. */
export type Sample = Page & { readonly name: string; readonly language: Language }

type StepSample<Name extends StepName> = {
  readonly view: StepView<Name>
  readonly errors?: readonly FieldError[]
  readonly idle?: boolean
  readonly facts?: Partial<PageContext['facts']>
  readonly client?: Partial<PageContext['client']>
  readonly mode?: PageContext['mode']
}

const base = `/journey/${sampleUid}`
const csrf = 'sample-csrf-0123456789abcdefghijklmnopqrstuvwxyz.0123456789'
const resumeUrl = `${sampleSite.publicUrl}/authorize/${sampleUid}`

export const samples: readonly Sample[] = [
  ...step('sign-in', {
    fresh: () => ({ view: signInView('') }),
    empty: () => ({
      view: signInView(''),
      errors: [
        { code: 'login-id-missing', field: 'login-id' },
        { code: 'password-missing', field: 'password' },
      ],
    }),
    wrong: () => ({ view: signInView('mihon01'), errors: [{ code: 'sign-in-wrong', field: 'login-id' }] }),
    'last-try': () => ({
      view: signInView('mihon01'),
      errors: [
        { code: 'sign-in-wrong', field: 'login-id' },
        { code: 'last-try', field: 'login-id' },
      ],
    }),
    idle: () => ({ view: signInView(''), idle: true }),
  }),
  ...step('certificate-password', {
    fresh: () => ({ view: { certificateName: '見本 太郎', endsSoon: null } }),
    'ends-soon': () => ({ view: { certificateName: '見本 太郎', endsSoon: sampleCertificate.endsAt } }),
    wrong: () => ({
      view: { certificateName: '見本 太郎', endsSoon: null },
      errors: [{ code: 'password-wrong', field: 'password' }],
    }),
  }),
  ...step('answer-challenge', {
    fresh: () => ({ view: { question: '好きな花は何ですか' } }),
    wrong: () => ({
      view: { question: '好きな花は何ですか' },
      errors: [
        { code: 'answer-wrong', field: 'answer' },
        { code: 'last-try', field: 'answer' },
      ],
    }),
    renewal: () => ({ view: { question: '好きな花は何ですか' }, mode: 'renewal' }),
  }),
  ...step('choose-services', {
    fresh: () => ({ view: services() }),
    renewal: () => ({ view: services(true), mode: 'renewal' }),
    barred: () => ({ view: { services: services().services.slice(0, 1), barred: ['transactions'] } }),
    empty: () => ({ view: services(), errors: [{ code: 'services-missing', field: 'services' }] }),
  }),
  ...step('register-pins', {
    fresh: () => ({ view: rowsView() }),
    errors: () => ({
      view: rowsView({ ticked: [handles[0], handles[1]] }),
      errors: [
        { code: 'pin-missing', field: `pin-${handles[0]}`, values: { account: account(0) } },
        { code: 'pin-form', field: `pin-${handles[1]}`, values: { account: account(1), digits: '4' } },
        { code: 'pin-unticked', field: `row-${handles[3]}`, values: { account: account(3) } },
      ],
    }),
    wrong: () => ({
      view: rowsView({ ticked: [handles[0], handles[1]] }),
      errors: [
        { code: 'pin-wrong', field: `pin-${handles[0]}`, values: { account: account(0) } },
        { code: 'pin-locked', field: `pin-${handles[1]}`, values: { account: account(1) } },
      ],
    }),
    'none-ticked': () => ({
      view: rowsView(),
      errors: [{ code: 'accounts-missing', field: `row-${handles[0]}` }],
    }),
    'skip-refused': () => ({
      view: rowsView({ registered: [] }),
      errors: [{ code: 'accounts-missing', field: 'accounts' }],
    }),
    held: () => ({ view: rowsView({ held: [0, 3] }), facts: { pins: 'adding' } }),
    'none-registered': () => ({ view: rowsView({ registered: [] }), client: { customerChooses: false } }),
    stale: () => ({ view: rowsView({ stale: [0] }) }),
    barred: () => ({ view: rowsView({ barred: ['豊洲支店（456） 普通 1012247'] }) }),
    renewal: () => ({ view: rowsView(), mode: 'renewal', facts: { servicesFrom: 'former' } }),
    'sixty-accounts': () => ({ view: manyRowsView() }),
    'ten-accounts-wrong': () => ({
      view: tenRowsView(),
      errors: Array.from({ length: 10 }, (_, at) => ({
        code: 'pin-wrong' as const,
        field: `pin-${manyHandle(at)}`,
        values: { account: manyName(at) },
      })),
    }),
    'sixty-accounts-errors': () => ({
      view: manyRowsView([21, 41]),
      errors: [
        { code: 'pin-form', field: `pin-${manyHandle(21)}`, values: { account: manyName(21), digits: '4' } },
        { code: 'pin-missing', field: `pin-${manyHandle(41)}`, values: { account: manyName(41) } },
      ],
    }),
  }),
  ...step('review-pins', {
    'one-registered': () => ({ view: resultsView({ justEntered: [0] }) }),
    'partial-failure': () => ({
      view: resultsView({
        justEntered: [0],
        failed: [
          { account: account(1), code: 'pin-wrong' },
          { account: account(2), code: 'pin-locked' },
          { account: account(3), code: 'pin-form' },
        ],
      }),
    }),
    'sixty-accounts': () => ({ view: manyResultsView() }),
  }),
  ...step('give-consent', {
    fresh: (language) => ({ view: consentView(language) }),
    barred: (language) => ({ view: consentView(language, { barred: [account(1)] }) }),
    'barred-service': (language) => ({ view: consentView(language, { barredServices: ['transactions'] }) }),
    'stopped-before': (language) => ({ view: consentView(language, { standings: [null, 'stopped'] }) }),
    renewal: (language) => ({ view: renewalView(language, {}), ...renewing }),
    'renewal-over': (language) => ({ view: renewalView(language, over), ...renewing }),
    'renewal-changed': (language) => ({
      view: renewalView(language, changed, ['new', null]),
      ...renewing,
      facts: {},
    }),
    'renewal-error': (language) => ({
      view: renewalView(language, {}),
      ...renewing,
      errors: [{ code: 'stale-form', field: 'proceed' }],
    }),
    'tick-missing': (language) => ({
      view: consentView(language),
      errors: [{ code: 'tick-missing', field: 'proceed' }],
    }),
    'no-account': (language) => ({
      view: consentView(language, { ticked: false }),
      errors: [
        { code: 'consent-accounts-missing', field: 'accounts' },
        { code: 'stale-form', field: 'proceed' },
      ],
    }),
    'sixty-accounts': (language) => ({ view: manyConsentView(language) }),
    'without-choice': (language) => ({
      view: consentView(language, { customerChooses: false }),
      client: { customerChooses: false },
      facts: { pins: 'not-needed' },
    }),
  }),
  ...endings(),
  ...problemSamples(),
  ...helpSamples(),
  ...connectionsSamples.flatMap(([name, make]) => inBoth(`connections/${name}`, make)),
]

/** The states of one step. Which step they belong to is what types their views. */
function step<Name extends StepName>(
  name: Name,
  states: Readonly<Record<string, (language: Language) => StepSample<Name>>>,
): Sample[] {
  return Object.entries(states).flatMap(([state, make]) =>
    inBoth(`${name}/${state}`, (language) => {
      const { view, errors = [], idle = false, facts, client, mode } = make(language)
      const context = contextOf({ step: name, language, facts, client, mode })
      return stepPage(sampleSite, { step: name as StepName, view, errors, idle, context, csrf })
    }),
  )
}

function signInView(loginId: string): StepView<'sign-in'> {
  return { loginId, maxLength: sampleSite.institution.rules.loginId.maxLength }
}

function services(ticked = false): StepView<'choose-services'> {
  return {
    services: [
      { name: 'balances', ticked },
      { name: 'transactions', ticked: false },
    ],
    barred: [],
  }
}

function endings(): Sample[] {
  const all: readonly Ending[] = ['refused', 'cancelled', 'timed-out', 'unavailable']
  const granted: readonly (readonly [string, Granted])[] = [
    ['allowed', sampleGranted],
    ['renewed', { ...sampleGranted, renews: true }],
    ['allowed/sixty-accounts', { ...sampleGranted, ...manyGranted }],
    ['allowed/later', { ...sampleGranted, accounts: null, customer: null }],
  ]
  return [
    ...granted.flatMap(([name, one]) => ending(name, { how: 'allowed', granted: one })),
    ...ending('receipt', { how: 'allowed', granted: sampleGranted, stays: true }),
    ...ending('receipt/returned', { how: 'allowed', granted: sampleGranted, stays: true, resumeUrl: null }),
    ...all.flatMap((how) => ending(how, { how, granted: null })),
  ]
}

type End = {
  readonly how: Ending
  readonly granted: Granted | null
  readonly stays?: boolean
  readonly resumeUrl?: null
}

function ending(name: string, end: End): Sample[] {
  const { serviceName, companyName } = sampleClient
  return inBoth(`return/${name}`, (language) =>
    returnPage(sampleSite, {
      resumeUrl,
      stays: false,
      ...end,
      language,
      serviceName,
      companyName,
      uid: sampleUid,
    }),
  )
}

function problemSamples(): Sample[] {
  const codes = Object.keys(problems) as ProblemCode[]
  return [
    ...codes.flatMap((code) => [
      ...inBoth(`problem/${code}`, (language) => problemPage(sampleSite, { language, code })),
      ...inBoth(`problem/${code}/in-journey`, (language) =>
        deadEndPage(sampleSite, {
          problem: { code, received: aboutCertificate(code) ? sampleCertificate : undefined },
          context: contextOf({ step: 'sign-in', language }),
          base,
          step: 'sign-in',
          csrf,
        }),
      ),
    ]),
    ...inBoth('problem/outside-hours/later-than-the-journey', (language) =>
      closedSample(language, { code: 'outside-hours', closed: { resumesAt: sampleNow + hours(14) } }),
    ),
    ...inBoth('problem/bank-unavailable/until-known', (language) =>
      closedSample(language, { code: 'bank-unavailable', closed: { resumesAt: sampleNow + minutes(20) } }),
    ),
    ...inBoth('problem/maintenance/planned', (language) =>
      closedSample(language, {
        code: 'maintenance',
        closed: {
          resumesAt: sampleNow + minutes(40),
          reason: { ja: 'システムの更新', en: 'Our systems are renewed' },
        },
      }),
    ),
    ...inBoth('problem/already-finished/allowed', (language) =>
      problemPage(sampleSite, {
        language,
        code: 'already-finished',
        receipt: `${base}/receipt`,
        switchable: true,
      }),
    ),
    ...inBoth('problem/incident/numbered', (language) =>
      problemPage(sampleSite, { language, code: 'incident', incident: 'M4XK29QD', retry: base }),
    ),
    ...inBoth('problem/authorization-refused/for-developers', (language) =>
      problemPage(sampleSite, {
        language,
        code: 'authorization-refused',
        detail: 'invalid_client: client is invalid',
      }),
    ),
  ]
}

function closedSample(language: Language, problem: Problem): Page {
  return deadEndPage(sampleSite, {
    problem,
    context: contextOf({ step: 'choose-services', language }),
    base,
    step: 'choose-services',
    csrf,
  })
}

/** The help pages, and the one about certificates as each kind of installation has it. */
function helpSamples(): Sample[] {
  const sites: readonly Certificates[] = ['fixed-host', 'off']
  const rules = { authorities: 'authorities.pem', noticeDays: 30, revocation: {} }
  const institution = { ...sampleSite.institution, certificates: rules }
  return [
    ...helpPages.flatMap((topic) =>
      inBoth(`help/${topic}`, (language) => helpPage(sampleSite, { topic, language })),
    ),
    ...sites.flatMap((certificates) =>
      inBoth(`help/certificates/${certificates}`, (language) =>
        helpPage({ ...sampleSite, institution, certificates }, { topic: 'certificates', language }),
      ),
    ),
  ]
}

function aboutCertificate(code: ProblemCode): boolean {
  return code.startsWith('certificate-') && code !== 'certificate-missing' && code !== 'certificate-required'
}

function inBoth(name: string, make: (language: Language) => Page): Sample[] {
  return languages.map((language) => ({ name, language, ...make(language) }))
}
