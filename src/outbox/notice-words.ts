/**
 * The words of the notices to customers. Plain text that names the connection and its number, says how to reach the
 * bank, and has no link: whoever gets used to links in mails from his bank will follow a thief's.
 */
import { callIt, type Institution } from '../institution.ts'
import type { OutgoingNotice } from '../store/outbox.ts'
import type { Language } from '../web/language.ts'

type Facts = {
  readonly type: OutgoingNotice['type']
  /** サービス名（提供会社名） */
  readonly service: string
  readonly number: string
  /** last day of the period, in words */
  readonly end: string
  /** calendar days until then */
  readonly days: number
  readonly reason: string | null
}

type Words = {
  readonly [Type in OutgoingNotice['type']]: {
    readonly subject: (bank: string) => string
    readonly text: (facts: Facts) => readonly string[]
  }
} & {
  readonly facts: (facts: Facts) => readonly string[]
  readonly foot: (institution: Institution) => readonly string[]
  readonly because: (reason: string | null) => string
}

const ja: Words = {
  granted: {
    subject: (bank) => `【${bank}】API連携の登録のお知らせ`,
    text: ({ end }) => [
      '次のサービスに、口座情報・明細情報へのアクセスを許可する手続きが完了しました。',
      `許可は${end}まで有効です。`,
      'お心当たりのない場合は、すぐに下記へご連絡ください。連携を停止します。',
    ],
  },
  ending: {
    subject: (bank) => `【${bank}】API連携の期限が近づいています`,
    text: ({ end, days }) => [
      `次のサービスへの許可は、${end}に終わります（${days > 0 ? `あと${days}日` : '本日'}）。`,
      '続けてご利用になる場合は、期限までに、サービスの画面から接続を更新してください。',
      '続けない場合は、何もする必要はありません。',
    ],
  },
  ended: {
    subject: (bank) => `【${bank}】API連携の期限が終わりました`,
    text: ({ end }) => [
      `次のサービスへの許可は、${end}に期限が終わりました。サービスは、口座情報・明細情報を新たに取得できません。`,
      'もう一度ご利用になる場合は、サービスの画面から接続を更新してください。',
    ],
  },
  stopped: {
    subject: (bank) => `【${bank}】API連携の停止のお知らせ`,
    text: ({ reason }) => [
      `${ja.because(reason)}、次のサービスへの許可を停止しました。サービスは、口座情報・明細情報を新たに取得できません。`,
      'サービスがすでに取得した情報の取り扱いは、サービスの提供会社にお問い合わせください。',
      'お心当たりのない場合は、下記へご連絡ください。',
    ],
  },
  'account-stopped': {
    subject: (bank) => `【${bank}】API連携の口座の停止のお知らせ`,
    text: ({ reason }) => [
      `${ja.because(reason)}、次のサービスへの許可のうち、1つの口座を停止しました。ほかの口座の許可は続いています。`,
      'お心当たりのない場合は、下記へご連絡ください。',
    ],
  },
  facts: ({ service, number }) => [`サービス：${service}`, `許可の番号：${number}`],
  foot: ({ name, phone, phoneHours }) => [
    `${name.ja}　電話 ${phone}（${phoneHours.ja}）`,
    'お電話では、許可の番号をお知らせください。',
    '',
    'このお知らせから、ログインやパスワードの入力をお願いすることはありません。ログインするときは、いつものブックマークなどからお進みください。',
  ],
  because(reason) {
    switch (reason) {
      case 'customer-stopped':
      case 'emergency-stop':
      case 'customer-asked':
        return 'お客様のお申し出により'
      case 'token-revoked':
      case 'grant-revoked':
        return 'サービスの操作により'
      case 'contract-closed':
        return 'ご契約の終了により'
      case 'certificate-revoked':
        return '電子証明書の失効により'
      case 'right-withdrawn':
        return '連携する権限の変更により'
      case 'password-reset':
        return 'ログインパスワードの再設定により'
      case 'account-closed':
        return '口座の解約により'
      case 'pin-changed':
        return '照会用暗証番号の変更により'
      case 'no-accounts-left':
        return '対象の口座がなくなったため'
      case 'bank-decision':
        return '信用組合の判断により'
      default:
        return '安全のため'
    }
  },
}

const en: Words = {
  granted: {
    subject: (bank) => `[${bank}] A service was connected to your accounts`,
    text: ({ end }) => [
      'You have allowed the following service to read your account and transaction information.',
      `This permission lasts until ${end}.`,
      'If you do not recognise it, please call us at once and we will stop it.',
    ],
  },
  ending: {
    subject: (bank) => `[${bank}] A connection will end soon`,
    text: ({ end, days }) => [
      `Your permission for the following service ends on ${end} (${days > 1 ? `${days} days left` : days === 1 ? '1 day left' : 'today'}).`,
      'To go on using it, renew the connection in the service before that day.',
      'If you do not wish to go on, there is nothing you need to do.',
    ],
  },
  ended: {
    subject: (bank) => `[${bank}] A connection has ended`,
    text: ({ end }) => [
      `Your permission for the following service ended on ${end}. It can no longer read your account and transaction information.`,
      'To use it again, renew the connection in the service.',
    ],
  },
  stopped: {
    subject: (bank) => `[${bank}] A connection was stopped`,
    text: ({ reason }) => [
      `We have stopped your permission for the following service ${en.because(reason)}. It can no longer read your account and transaction information.`,
      'About information that it has read already, please ask the company that provides the service.',
      'If you did not expect this, please call us.',
    ],
  },
  'account-stopped': {
    subject: (bank) => `[${bank}] An account of a connection was stopped`,
    text: ({ reason }) => [
      `We have stopped one account of your permission for the following service ${en.because(reason)}. The other accounts stay connected.`,
      'If you did not expect this, please call us.',
    ],
  },
  facts: ({ service, number }) => [`Service: ${service}`, `Consent number: ${number}`],
  foot: ({ name, phone, phoneHours }) => [
    `${name.en}, phone ${phone} (${phoneHours.en})`,
    'Please tell us the consent number when you call.',
    '',
    'We never ask you to log in or to enter a password from a notice like this one. To log in, use your own bookmark.',
  ],
  because(reason) {
    switch (reason) {
      case 'customer-stopped':
      case 'emergency-stop':
      case 'customer-asked':
        return 'at your request'
      case 'token-revoked':
      case 'grant-revoked':
        return 'because the service asked for it'
      case 'contract-closed':
        return 'because your contract has ended'
      case 'certificate-revoked':
        return 'because your client certificate was revoked'
      case 'right-withdrawn':
        return 'because your right to connect services was changed'
      case 'password-reset':
        return 'because your login password was reset'
      case 'account-closed':
        return 'because the account was closed'
      case 'pin-changed':
        return 'because its inquiry PIN was changed'
      case 'no-accounts-left':
        return 'because no account is left in it'
      case 'bank-decision':
        return 'by decision of the credit union'
      default:
        return 'for your security'
    }
  },
}

const words = { ja, en } as const satisfies Record<Language, Words>

/** Subject and text of a notice, in the language in which the customer agreed. */
export function noticeWords(
  language: Language,
  institution: Institution,
  facts: Facts,
): { readonly subject: string; readonly text: string } {
  const { [facts.type]: notice, facts: about, foot } = words[language]
  const lines = [...notice.text(facts), '', ...about(facts), '', ...foot(institution)]
  return {
    subject: notice.subject(institution.name[language]),
    text: callIt(lines.join('\n'), institution.called, language),
  }
}
