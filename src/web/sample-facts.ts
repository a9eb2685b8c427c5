/** The invented bank, fintech, customer and accounts that the samples tell of; the accounts are those of the manual. */
import { riskRules } from '../risk/rules.ts'
import type { ReceivedCertificate } from '../certificate/verdict.ts'
import type { InquiryAccount } from '../bank/port.ts'
import { endOfDayInJapan, minutes } from '../clock.ts'
import { consentWording } from '../consent/wording.ts'
import { accountHandle } from '../journey/journey.ts'
import { accountName, shown } from '../journey/register-pins.ts'
import type { Standing } from '../journey/renewal.ts'
import type { StepName } from '../journey/steps.ts'
import type { PageContext, Site } from './frame.ts'
import type { Language } from './language.ts'
import type { Granted } from './receipt.ts'
import type { StepView } from './templates.ts'
import { wordsOf } from './words.ts'

export const sampleUid = 'V1StGXR8Z5jdHi6BmyTV1StGXR8Z5jdHi6BmyT01234'
export const sampleNow = Date.parse('2026-11-22T15:04:00+09:00')
export const sampleEnd = endOfDayInJapan(sampleNow, 90)

const attempts = { tries: 5, lockFor: 1_800_000, temporaryLocks: 3, forgetAfter: 86_400_000 }

export const sampleSite: Site = {
  publicUrl: 'https://connect.mihon-shinkumi.example',
  certificates: 'fresh-host',
  words: wordsOf({ called: { ja: '信用組合', en: 'the credit union' }, texts: {} }),
  institution: {
    name: { ja: '見本信用組合 FBサービス', en: 'Mihon Credit Union FB Service' },
    phone: '0120-000-000',
    phoneHours: { ja: '平日 9:00〜17:00', en: 'Weekdays 9:00–17:00 (Japan)' },
    links: {
      terms: 'https://mihon-shinkumi.example/fb/terms',
      privacy: 'https://mihon-shinkumi.example/privacy',
    },
    termsVersion: '2026-04-01',
    certificates: undefined,
    fintechCertificates: undefined,
    called: { ja: '信用組合', en: 'the credit union' },
    brand: undefined,
    calendar: undefined,
    texts: {},
    rules: {
      loginId: { maxLength: 12 },
      pinDigits: 4,
      lookBackMonths: 24,
      standingMinutes: 60,
      endOnPasswordReset: false,
      password: attempts,
      answer: attempts,
      pin: attempts,
      address: attempts,
      risk: riskRules.parse({}),
    },
  },
}

export const sampleCertificate: ReceivedCertificate = {
  holder: '見本 太郎',
  company: '株式会社見本商店',
  issuer: 'Mihon Credit Union Customer CA',
  startsAt: Date.parse('2025-12-10T09:00:00+09:00'),
  endsAt: Date.parse('2026-12-10T09:00:00+09:00'),
}

export const sampleClient: PageContext['client'] = {
  id: 'demo-kakeibo',
  status: 'active',
  serviceName: 'みほん家計簿',
  companyName: '株式会社みほんフィンテック',
  registrationNumber: '関東財務局長（電代）第000号（見本）',
  contact: '0120-000-111（平日 10:00〜18:00）',
  liabilityUrl: 'https://kakeibo.example/liability',
  termsUrl: 'https://kakeibo.example/terms',
  termsVersion: '2026-01-01',
  privacyUrl: 'https://kakeibo.example/privacy',
  customerChooses: true,
  scopes: ['balances', 'transactions'],
  consentDays: 90,
  redirectUris: ['https://app.kakeibo.example/callback'],
  profile: 'standard',
  senderConstraint: 'none',
  requestSigningAlg: 'ES256',
  authentication: { method: 'client_secret_basic', secretHash: '' },
}

/** A journey at a step: signed in from there on. */
export function contextOf({
  step,
  language,
  facts,
  client,
  mode = 'first',
}: {
  step: StepName
  language: Language
  facts?: Partial<PageContext['facts']> | undefined
  client?: Partial<PageContext['client']> | undefined
  mode?: PageContext['mode'] | undefined
}): PageContext {
  const known = { ...sampleClient, ...client }
  const customer = { id: 'c-1', companyName: '株式会社見本商店', userName: '見本 太郎', since: sampleNow }
  const isSignedIn = step !== 'sign-in' && step !== 'certificate-password'
  const certificate = { user: 'u-1', name: '見本 太郎', endsAt: sampleCertificate.endsAt, since: sampleNow }
  return {
    uid: sampleUid,
    language,
    now: sampleNow,
    startedAt: sampleNow - minutes(4),
    client: known,
    mode,
    facts: {
      ...(isSignedIn ? { customer } : {}),
      ...(step === 'certificate-password' ? { certificate } : {}),
      ...facts,
      client: { customerChooses: known.customerChooses },
    },
  }
}

const manualsAccounts = [
  {
    branchName: 'インターネット支店',
    branchCode: '001',
    number: '2000002',
    memo: '口座メモ5678901234567890',
  },
  { branchName: 'インターネット支店', branchCode: '202', number: '1111111', memo: '' },
  { branchName: 'インターネット支店', branchCode: '202', number: '2222222', memo: '' },
  { branchName: '豊洲支店', branchCode: '456', number: '1000314', memo: '口座メモ5678901234567890' },
] as const

/** How the manual's accounts are named. */
export const sampleAccounts = manualsAccounts.map((one) => ({ ...one, kind: '普通' }))

type Row = 0 | 1 | 2 | 3
type Rows = readonly Row[]

const handleOf = (row: Row): string => accountHandle(sampleUid, manualsAccounts[row].number)

/** The handles of the four rows. */
export const handles = [handleOf(0), handleOf(1), handleOf(2), handleOf(3)] as const

/** How an error names the account of a row. */
export const account = (row: Row): string => accountName(inState(row, {}))

type PinState = { readonly registered?: Rows; readonly held?: Rows; readonly stale?: Rows }

/** 登録済み is the third row, as in the manual. */
function inState(row: Row, { registered = [2], held = [] }: PinState): InquiryAccount {
  const { number, ...rest } = manualsAccounts[row]
  const [isRegistered, isHeld] = [registered.includes(row), held.includes(row)]
  return { id: number, number, kind: '普通', ...rest, registered: isRegistered, held: isHeld }
}

const staleOf = ({ stale = [] }: PinState) => ({
  stale: new Set<string>(stale.map((row) => manualsAccounts[row].number)),
})

const rowsOf = (state: PinState) =>
  ([0, 1, 2, 3] as const).map((row) => ({
    ...shown(inState(row, state), staleOf(state)),
    handle: handles[row],
    row,
  }))

export function rowsView({
  ticked = [],
  barred = [],
  ...state
}: PinState & {
  readonly ticked?: readonly string[]
  readonly barred?: readonly string[]
} = {}): StepView<'register-pins'> {
  const rows = rowsOf(state)
  return {
    accounts: rows.map(({ row: _row, ...one }) => ({ ...one, ticked: ticked.includes(one.handle) })),
    barred,
    maySkip: rows.some(({ status }) => status === 'registered' || status === 'held'),
    pinDigits: sampleSite.institution.rules.pinDigits,
  }
}

export function resultsView({
  justEntered,
  failed = [],
}: {
  readonly justEntered: Rows
  readonly failed?: StepView<'review-pins'>['failed']
}): StepView<'review-pins'> {
  return {
    accounts: rowsOf({ held: justEntered }).map(({ row, ...one }) => ({
      ...one,
      outcome: justEntered.includes(row)
        ? 'held'
        : (failed.find((other) => other.account === account(row))?.code ?? null),
    })),
    at: sampleNow,
    registered: justEntered.length,
    notRegistered: failed.length,
    failed,
    pinDigits: sampleSite.institution.rules.pinDigits,
  }
}

export function consentView(
  language: Language,
  {
    ticked = true,
    barred = [],
    barredServices = [],
    renewal = null,
    standings = [null, null],
    customerChooses = true,
  }: Partial<Pick<StepView<'give-consent'>, 'renewal' | 'customerChooses' | 'barred' | 'barredServices'>> & {
    readonly ticked?: boolean
    /** of the two accounts */
    readonly standings?: readonly [Standing, Standing]
  } = {},
): StepView<'give-consent'> {
  const { institution } = sampleSite
  const { serviceName, termsUrl, privacyUrl, scopes, consentDays } = sampleClient
  const services = scopes.filter((name) => !barredServices.includes(name))
  const bank = institution.name[language]
  return {
    wording: consentWording({ client: sampleClient, institution, services, language }),
    accounts: rowsOf({ held: [0] })
      .filter(({ status }) => status !== 'unregistered')
      .map(({ row, ...one }) => {
        const standing = standings[row === 0 ? 0 : 1]
        return { ...one, standing, ticked: ticked && standing === null }
      }),
    period: { days: consentDays, startsAt: sampleNow, endsAt: sampleEnd },
    barred,
    barredServices,
    shown: 'sample-hash-of-what-the-page-shows-0123456789',
    renewal,
    receipt: false,
    links: [
      { kind: 'terms', name: serviceName, url: termsUrl },
      { kind: 'privacy', name: serviceName, url: privacyUrl },
      { kind: 'terms', name: bank, url: institution.links.terms },
      { kind: 'privacy', name: bank, url: institution.links.privacy },
    ],
    customerChooses,
  }
}

/** What the return page is told of a consent to the accounts that 手順 6 offers. */
export const sampleGranted: Granted = {
  number: '7K3-M2QZ-T48',
  renews: false,
  startsAt: sampleNow,
  endsAt: sampleEnd,
  services: sampleClient.scopes,
  accountCount: 2,
  accounts: ([0, 2] as const).map((row) => shown(inState(row, {}), staleOf({}))),
  customer: { companyName: '株式会社見本商店', userName: '見本 太郎' },
}
