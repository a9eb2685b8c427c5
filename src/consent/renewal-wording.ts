/** 更新: the words of 手順 6 about the former consent and about what a new one changes. */
import { callIt, type Institution } from '../institution.ts'
import { type Language, longDate } from '../web/language.ts'
import type { BankScope } from './services.ts'
import { serviceText } from './wording.ts'

/** What would be different from the former consent. */
export type Changes = {
  /** `until`: its last day, or when it ended, ms */
  readonly former: { readonly number: string; readonly until: number; readonly isOver: boolean }
  /** `asked`: asked for, but neither allowed before nor chosen now */
  readonly services: Readonly<Record<'added' | 'removed' | 'asked', readonly BankScope[]>>
  readonly accounts: {
    /** shared before, but their PIN is no longer registered: names */
    readonly unregistered: readonly string[]
    /** shared before, and not listed by the bank any more: how many */
    readonly closed: number
    /** not shared before: how many */
    readonly available: number
  }
  /** what the fintech was called, when that has changed */
  readonly formerName: string | null
  /** whose terms have a new version */
  readonly terms: { readonly client: boolean; readonly bank: boolean }
}

export type RenewalWording = {
  readonly title: string
  readonly lines: readonly string[]
  readonly changes: readonly {
    readonly text: string
    /** accounts that it is about, as written */
    readonly accounts: readonly string[]
  }[]
  /** the button that leads to 手順 4, where a PIN has to be registered again */
  readonly again: string | null
  /** stands beside the new end date */
  readonly end: { readonly label: string; readonly date: string }
}

type Parts = {
  readonly changes: Changes
  readonly institution: Pick<Institution, 'name' | 'called' | 'rules'>
  readonly language: Language
}

export function renewalWording({ changes, institution, language }: Parts): RenewalWording {
  const { former, accounts } = changes
  const words = language === 'en' ? english : japanese
  const until = longDate(former.until, language)
  const list = (names: readonly BankScope[]): string =>
    names
      .map((name) => words.quote(serviceText(name, language, institution.rules.lookBackMonths).name))
      .join(words.and)
  const { added, removed, asked } = changes.services
  const told = [
    added.length > 0 && words.added(list(added)),
    removed.length > 0 && words.removed(list(removed)),
    asked.length > 0 && words.asked(list(asked)),
    accounts.unregistered.length > 0 && {
      text: words.unregistered(accounts.unregistered.length),
      accounts: accounts.unregistered,
    },
    accounts.closed > 0 && words.closed(accounts.closed),
    accounts.available > 0 && words.available(accounts.available),
    changes.formerName !== null && words.renamed(changes.formerName),
    changes.terms.client && words.clientTerms,
    changes.terms.bank && words.bankTerms(institution.name[language]),
  ].filter((one) => one !== false)
  return {
    title: words.title,
    lines: [former.isOver ? words.over(former.number, until) : words.live(former.number, until), words.kept],
    changes: (told.length > 0 ? told : [words.nothing])
      .map((one) => (typeof one === 'string' ? { text: one, accounts: [] } : one))
      .map((one) => ({ ...one, text: callIt(one.text, institution.called, language) })),
    again: accounts.unregistered.length > 0 ? words.again : null,
    end: { label: words.end, date: until },
  }
}

const japanese = {
  title: '前回の許可との違い',
  quote: (name: string) => `「${name}」`,
  and: '',
  live: (number: string, until: string) =>
    `すでに許可をいただいている連携（認可番号 ${number}、${until}まで）の更新です。今回許可すると、認可期間が今日から新しく始まります。以前の許可は、連携先が新しい許可を受け取ったときに終わります。`,
  over: (number: string, until: string) =>
    `${until}に終わった連携（認可番号 ${number}）の更新です。今回許可すると連携が再開し、認可期間が今日から新しく始まります。`,
  kept: '連携先での口座の登録は、そのまま引き継がれます。認可番号は新しくなります。',
  added: (services: string) => `認可対象に${services}が加わります。`,
  removed: (services: string) => `${services}は、認可対象から外れます。`,
  asked: (services: string) =>
    `連携先は${services}も求めています。認める場合は、認可対象の「変更」から選んでください。`,
  unregistered: (_count: number) =>
    '次の口座は、照会用暗証番号が登録されていないため、対象から外れます。続けて連携する場合は、登録してください。',
  closed: (count: number) => `前回の対象のうち${count}件の口座は、照会できなくなったため、対象から外れます。`,
  available: (count: number) =>
    `前回は対象外だった口座が${count}件あります。連携する場合は、選んでください。`,
  renamed: (name: string) => `連携先の名称が変わりました。前回は${name}でした。`,
  clientTerms: '連携先の利用規約が、前回の許可のあとに改定されました。',
  bankTerms: (bank: string) => `${bank}の利用規約が、前回の許可のあとに改定されました。`,
  nothing: '認可対象も口座も、前回と同じです。',
  again: '照会用暗証番号を登録する',
  end: '前回の終了',
}

const english: typeof japanese = {
  title: 'What is different from last time',
  quote: (name) => `“${name}”`,
  and: ' and ',
  live: (number, until) =>
    `This renews a connection that you have allowed already (consent number ${number}, until ${until}). If you allow it now, a new access period begins today. The former consent ends when the service receives the new one.`,
  over: (number, until) =>
    `This renews a connection that ended on ${until} (consent number ${number}). If you allow it now, the connection goes on and a new access period begins today.`,
  kept: 'The accounts stay as they are set up at the service. You get a new consent number.',
  added: (services) => `${services} will be shared as well.`,
  removed: (services) => `${services} will not be shared any more.`,
  asked: (services) =>
    `The service also asks for ${services}. To allow that, press “Change” at “What is shared”.`,
  unregistered: (count) =>
    `${count === 1 ? 'This account has' : 'These accounts have'} no registered inquiry PIN any more and will not be shared. To go on sharing, register the PIN again.`,
  closed: (count) =>
    `${count} ${count === 1 ? 'account' : 'accounts'} shared before can no longer be inquired and will not be shared.`,
  available: (count) =>
    `${count} ${count === 1 ? 'account was' : 'accounts were'} not shared before. Tick those to share.`,
  renamed: (name) => `The service has a new name. Before, it was ${name}.`,
  clientTerms: 'The service has changed its terms of use since you last allowed access.',
  bankTerms: (bank) => `${bank} has changed its terms of use since you last allowed access.`,
  nothing: 'What is shared and the accounts are the same as last time.',
  again: 'Register the inquiry PIN',
  end: 'Until, last time',
}
