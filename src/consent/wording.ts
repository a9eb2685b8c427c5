/**
 * The words of 手順 6, with their version. What the page shows is made here, and its hash goes into the consent, so the
 * bank can prove later what the customer read. A changed word needs a new version.
 */
import { dateInJapan } from '../clock.ts'
import { callIt, type Institution } from '../institution.ts'
import { sha256 } from '../secrets.ts'
import type { Mode } from './past.ts'
import type { RenewalWording } from './renewal-wording.ts'
import type { BankScope } from './services.ts'
import type { Client } from '../store/clients.ts'
import type { Language } from '../web/language.ts'

export const wordingVersion = '2026-11-25.1'

type WordingParts = {
  readonly client: Pick<Client, 'serviceName' | 'companyName' | 'consentDays' | 'termsUrl' | 'privacyUrl'>
  readonly institution: Pick<Institution, 'name' | 'links' | 'called' | 'rules'>
  readonly services: readonly BankScope[]
  readonly language: Language
}

export type ConsentWording = {
  readonly version: string
  readonly intro: readonly string[]
  readonly scope: readonly { readonly name: string; readonly meaning: string }[]
  readonly limits: string
  readonly period: string
  readonly stop: string
  readonly intent: readonly string[]
  readonly tick: string
  readonly allow: string
}

export function consentWording({ client, institution, services, language }: WordingParts): ConsentWording {
  const asking = `${client.serviceName}（${client.companyName}）`
  const askingEn = `${client.serviceName} (${client.companyName})`
  const days = client.consentDays
  const call = (text: string) => callIt(text, institution.called, language)
  const { lookBackMonths } = institution.rules
  if (language === 'en') {
    return {
      version: wordingVersion,
      intro: [
        `${askingEn} asks for access to the account and statement information of your Internet banking.`,
        `${askingEn} and ${institution.name.en} use this information under their own terms of use and privacy policies.`,
        'Check what is shared and for how long below, then press “Allow”.',
      ],
      scope: services.map((name) => serviceText(name, 'en', lookBackMonths)),
      limits: 'Transfers and changes to your contract are not possible with this permission.',
      period: `Fixed period (${days} days)`,
      stop: call(
        'You can end it at any time before: yourself on our page “Your connected services”, or by contacting the credit union.',
      ),
      intent: [
        `Before you press “Allow”, decide for yourself whether you can trust the website of ${askingEn}.`,
        `By pressing “Allow” you go on under the terms of use of ${askingEn}. To continue, tick “I want to continue”.`,
        'The IDs, passwords and other credentials you entered are not shown to the provider of the service. The communication with the provider is encrypted.',
        call('You can have this access ended by contacting the credit union.'),
      ],
      tick: 'I want to continue',
      allow: 'Allow',
    }
  }
  return {
    version: wordingVersion,
    intro: [
      `${asking}がお客様のインターネットバンキングの口座情報・明細情報へのアクセスを求めています。`,
      `${asking}と${institution.name.ja}はそれぞれの利用規約とプライバシーポリシーに従って、この情報を使用します。`,
      '以下の認可対象・認可期間をご確認の上、「許可」ボタンを押してください。',
    ],
    scope: services.map((name) => serviceText(name, 'ja', lookBackMonths)),
    limits: 'この許可では、振込や契約の変更はできません。',
    period: `一定期間（${days}日）`,
    stop: call(
      '期間の途中でも、「連携中のサービスの確認・停止」のページで、または信用組合へのご連絡により、いつでも解除できます。',
    ),
    intent: [
      `「許可」ボタンを押す前に、${asking}のWebサイトを信頼できるかどうかをお客様自身の判断で確認してください。`,
      `「許可」ボタンを押すことによって、お客様は${asking}の利用規約のもとで利用を続けることとなります。認可手続きを継続する場合は「認可手続きを継続する」のチェックボックスをチェックしてください。`,
      'お客様の入力されたIDやパスワード等の認証情報はAPI連携事業者には表示されません。また、API連携事業者との間の通信は暗号化されています。',
      call('なお、本アプリケーションへのアクセスは、信用組合へ連絡することによって解除することができます。'),
    ],
    tick: '認可手続きを継続する',
    allow: '許可',
  }
}

/** The words with the links beside them, as they are kept: the same for every customer who reads the same. */
export function wordsToKeep(parts: WordingParts): string {
  const { client, institution } = parts
  const links = {
    bank: { terms: institution.links.terms, privacy: institution.links.privacy },
    client: { terms: client.termsUrl, privacy: client.privacyUrl },
  }
  return JSON.stringify({ ...consentWording(parts), links })
}

/** The consent keeps these versions as those that were agreed to, so they are those of the page. */
type Terms = {
  readonly client: Pick<Client, 'termsVersion'>
  readonly institution: Pick<Institution, 'termsVersion'>
}

/** What the page named besides its words. */
type Named = {
  readonly mode: Mode
  readonly endsAt: number
  /** every account offered, as written, and how it stands to what was shared before */
  readonly accounts: readonly (readonly [name: string, standing: string | null])[]
  /** what it said about the former consent and what changes; null in a first registration */
  readonly renewal: RenewalWording | null
}

/**
 * Stands for one showing of the page: its words, the end date, both parties' links and terms, the accounts offered, and in
 * a renewal what it says about the former consent.
 * The page sends it along, so what is agreed to is what was read.
 */
export function wordingHash(parts: WordingParts & Terms, { mode, endsAt, accounts, renewal }: Named): string {
  const { client, institution } = parts
  const links = [institution.links.terms, institution.links.privacy, client.termsUrl, client.privacyUrl]
  const terms = [institution.termsVersion, client.termsVersion]
  return sha256(
    JSON.stringify([mode, consentWording(parts), dateInJapan(endsAt), links, terms, accounts, renewal]),
  )
}

/** What a service shows, and for how long back. */
export function serviceText(
  name: BankScope,
  language: Language,
  months: number,
): { readonly name: string; readonly meaning: string } {
  const years = months % 12 === 0 ? months / 12 : undefined
  if (language === 'en') {
    const back = years ? `${years} ${years === 1 ? 'year' : 'years'}` : `${months} months`
    return name === 'balances'
      ? { name: 'Balances', meaning: 'The service can see the balances of the accounts.' }
      : {
          name: 'Deposits and withdrawals',
          meaning: `The service can see what was paid in and out during the last ${back}.`,
        }
  }
  const back = years ? `${years}年` : `${months}か月`
  return name === 'balances'
    ? { name: '残高照会', meaning: '口座の残高を見ることができます。' }
    : { name: '入出金明細照会', meaning: `口座の入金・出金の明細（過去${back}分）を見ることができます。` }
}
