/** The main pages of the journey at another bank, to whose file no code was written: its names, texts, colours, logo and rules. */
import { consentWording } from '../consent/wording.ts'
import type { Institution } from '../institution.ts'
import type { StepName } from '../journey/steps.ts'
import type { Site } from './frame.ts'
import { helpPage } from './help.ts'
import { type Language, languages } from './language.ts'
import {
  consentView,
  contextOf,
  resultsView,
  rowsView,
  sampleClient,
  sampleGranted,
  sampleSite,
  sampleUid,
} from './sample-facts.ts'
import type { Sample } from './samples.ts'
import { type Page, returnPage, stepPage, type StepView } from './templates.ts'
import { deadEndPage } from './problem-pages.ts'
import { wordsOf } from './words.ts'

const csrf = 'sample-csrf-0123456789abcdefghijklmnopqrstuvwxyz.0123456789'
const base = `/journey/${sampleUid}`

/** @returns the pages, whose names begin with `<folder>/` */
export function otherBankSamples(folder: string, institution: Institution): readonly Sample[] {
  const publicUrl = 'https://connect.other-bank.example'
  const site: Site = { ...sampleSite, institution, words: wordsOf(institution), publicUrl }
  const { loginId, pinDigits } = institution.rules
  const inBoth = (name: string, make: (language: Language) => Page): Sample[] =>
    languages.map((language) => ({ name: `${folder}/${name}`, language, ...make(language) }))
  const step = (name: StepName, view: (language: Language) => StepView<StepName>): Sample[] =>
    inBoth(name, (language) =>
      stepPage(site, {
        step: name,
        view: view(language),
        errors: [],
        idle: false,
        context: contextOf({ step: name, language }),
        csrf,
      }),
    )

  return [
    ...step('sign-in', () => ({ loginId: '', maxLength: loginId.maxLength })),
    ...step('choose-services', () => ({
      services: sampleClient.scopes.map((name) => ({ name, ticked: false })),
      barred: [],
    })),
    ...step('register-pins', () => ({ ...rowsView(), pinDigits })),
    ...step('review-pins', () => ({ ...resultsView({ justEntered: [0] }), pinDigits })),
    ...step('give-consent', (language) => consentAt(institution, language)),
    ...inBoth('receipt', (language) =>
      returnPage(site, {
        language,
        how: 'allowed',
        granted: sampleGranted,
        serviceName: sampleClient.serviceName,
        companyName: sampleClient.companyName,
        resumeUrl: `${publicUrl}/authorize/${sampleUid}`,
        stays: true,
        uid: sampleUid,
      }),
    ),
    ...inBoth('locked', (language) =>
      deadEndPage(site, {
        problem: { code: 'locked-for-good' },
        context: contextOf({ step: 'sign-in', language }),
        base,
        step: 'sign-in',
        csrf,
      }),
    ),
    ...inBoth('help', (language) => helpPage(site, { topic: 'safety', language })),
  ]
}

function consentAt(institution: Institution, language: Language): StepView<'give-consent'> {
  const { links, name } = institution
  const view = consentView(language)
  return {
    ...view,
    wording: consentWording({ client: sampleClient, institution, services: sampleClient.scopes, language }),
    links: [
      ...view.links.slice(0, 2),
      { kind: 'terms', name: name[language], url: links.terms },
      { kind: 'privacy', name: name[language], url: links.privacy },
    ],
  }
}
