/** Every page in every state, in both languages, as the app would send it: for the tests and for the page gallery. */
import { type FieldError, type ProblemCode, problems } from '../errors.ts'
import type { Ending } from '../journey/journey.ts'
import type { StepName } from '../journey/steps.ts'
import type { PageContext } from './frame.ts'
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
  sampleEnd,
  sampleSite,
  sampleUid,
} from './sample-facts.ts'
import { deadEndPage, type Page, problemPage, returnPage, stepPage, type StepView } from './templates.ts'

/** `name` is `<page>/<state>` and stays the same, so that tests and pictures can refer to it. */
export type Sample = Page & { readonly name: string; readonly language: Language }

type StepSample<Name extends StepName> = {
  readonly view: StepView<Name>
  readonly errors?: readonly FieldError[]
  readonly idle?: boolean
  readonly facts?: Partial<PageContext['facts']>
  readonly client?: Partial<PageContext['client']>
}

const base = `/journey/${sampleUid}`
const csrf = 'sample-csrf-0123456789abcdefghijklmnopqrstuvwxyz.0123456789'
const resumeUrl = `${sampleSite.publicUrl}/authorize/${sampleUid}`

export const samples: readonly Sample[] = [
  ...step('sign-in', {
    fresh: () => ({ view: { loginId: '' } }),
    empty: () => ({
      view: { loginId: '' },
      errors: [
        { code: 'login-id-missing', field: 'login-id' },
        { code: 'password-missing', field: 'password' },
      ],
    }),
    wrong: () => ({ view: { loginId: 'mihon01' }, errors: [{ code: 'sign-in-wrong', field: 'login-id' }] }),
    'last-try': () => ({
      view: { loginId: 'mihon01' },
      errors: [
        { code: 'sign-in-wrong', field: 'login-id' },
        { code: 'last-try', field: 'login-id' },
      ],
    }),
    idle: () => ({ view: { loginId: '' }, idle: true }),
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
  }),
  ...step('choose-services', {
    fresh: () => ({ view: services() }),
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
  }),
  ...step('give-consent', {
    fresh: (language) => ({ view: consentView(language) }),
    'former-connection': (language) => ({
      view: consentView(language, { former: { number: '7K3M-Q2ZT', endsAt: sampleEnd } }),
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
    'without-choice': (language) => ({
      view: consentView(language, { customerChooses: false }),
      client: { customerChooses: false },
      facts: { pins: 'not-needed' },
    }),
  }),
  ...endings(),
  ...problemSamples(),
]

/** The states of one step. Which step they belong to is what types their views. */
function step<Name extends StepName>(
  name: Name,
  states: Readonly<Record<string, (language: Language) => StepSample<Name>>>,
): Sample[] {
  return Object.entries(states).flatMap(([state, make]) =>
    inBoth(`${name}/${state}`, (language) => {
      const { view, errors = [], idle = false, facts, client } = make(language)
      const context = contextOf({ step: name, language, facts, client })
      return stepPage(sampleSite, { step: name as StepName, view, errors, idle, context, csrf })
    }),
  )
}

function services(): StepView<'choose-services'> {
  return {
    services: [
      { name: 'balances', ticked: false },
      { name: 'transactions', ticked: false },
    ],
  }
}

function endings(): Sample[] {
  const all: readonly Ending[] = ['allowed', 'refused', 'cancelled', 'timed-out', 'unavailable']
  const { serviceName } = sampleClient
  return all.flatMap((how) =>
    inBoth(`return/${how}`, (language) =>
      returnPage(sampleSite, {
        language,
        how,
        consent: how === 'allowed' ? { number: '7K3-M2QZ-T48', endsAt: sampleEnd } : null,
        serviceName,
        resumeUrl,
        uid: sampleUid,
      }),
    ),
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

function aboutCertificate(code: ProblemCode): boolean {
  return code.startsWith('certificate-') && code !== 'certificate-missing' && code !== 'certificate-required'
}

function inBoth(name: string, make: (language: Language) => Page): Sample[] {
  return languages.map((language) => ({ name, language, ...make(language) }))
}
