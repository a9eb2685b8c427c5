/** The demo bank's customers: those of the manual, and one for each branch that a journey can take. Invented people only. */
import { createHash } from 'node:crypto'
import type { BankScope } from '../../consent/services.ts'
import type { BankSignal, InquiryClosed, NotAllowed } from '../port.ts'

export type DemoAccount = {
  /** opaque, and different for each customer even where two have an account of the same number */
  readonly id: string
  readonly branchName: string
  readonly branchCode: string
  readonly kind: '普通' | '当座'
  readonly number: string
  readonly memo: string
  /** at the start; the simulator's tables know it from then on */
  readonly registered: boolean
  readonly pin: string
  /** a shop till: some ten bookings a day, so that a year fills several pages */
  readonly busy?: true
  /** this user may not inquire it */
  readonly barred?: true
}

/** What may change about a customer while the demo runs; at the start as written here. */
export type CustomerState = {
  readonly standing: 'good' | Exclude<NotAllowed['reason'], 'certificate-required' | 'password-required'>
  /** the core system that knows the PINs */
  readonly coreSystem: 'up' | 'down'
}

/** What may happen at a bank while a connection lives; nothing of it at the start. */
export type CustomerChanges = {
  readonly contract: 'open' | 'closed'
  readonly certificate: 'valid' | 'revoked'
  /** ms */
  readonly passwordResetAt: number | null
  /** ids */
  readonly closedAccounts: readonly string[]
  /** those that the user may allow; absent where that is as it was */
  readonly services?: readonly BankScope[]
  /** when inquiries about him are not answered, oldest first */
  readonly inquiriesClosed: readonly (InquiryClosed & {
    /** only those of this fintech */
    readonly client?: string
  })[]
}

export type Question = { readonly id: string; readonly text: string; readonly answerHash: string }

export type DemoCustomer = CustomerState & {
  readonly id: string
  /** also the name in the certificate, where the contract says certificate */
  readonly loginId: string
  readonly companyName: string
  readonly userName: string
  /** the contract decides; one method never falls back to the other */
  readonly signsInBy: 'password' | 'certificate'
  readonly passwordHash: string
  /** the registered ones; a journey is asked one of them */
  readonly questions: readonly Question[]
  readonly signals: readonly BankSignal[]
  /** those that the user may allow to fintechs; absent: all */
  readonly services?: readonly BankScope[]
  readonly accounts: readonly DemoAccount[]
}

type Profile = Omit<DemoCustomer, 'id' | 'accounts'> & {
  readonly accounts: readonly Omit<DemoAccount, 'id'>[]
}

const flower: Question = {
  id: 'q-flower',
  text: '好きな花は何ですか',
  answerHash:
    '$argon2id$v=19$m=19456,t=2,p=1$zJjQNrfjOpuONZrprwLbwQ$k2p7ltyiVBXy3baA9eGG1+z06RVVUDruxrZcJE5D7mI',
}

/** Every customer signs in with Tsubame2026, answers さくら whatever is asked, and has filed the PIN 4649; only hashes are compared. */
const usual = {
  signsInBy: 'password',
  passwordHash:
    '$argon2id$v=19$m=19456,t=2,p=1$B05IDREbJaX2CZtibpHdqQ$HR02eD3/MB/ump87NYw1CFfYmD4l9ReuiDABGMQPaHY',
  questions: [
    flower,
    {
      id: 'q-song',
      text: '好きな歌は何ですか',
      answerHash:
        '$argon2id$v=19$m=19456,t=2,p=1$nMLldjQITlXR7e8o4U5GGA$1oIfosy9FBOwiZSk7qNVmezJUwUtSA9j0jHEF3yD6wc',
    },
    {
      id: 'q-pet',
      text: 'ペットの名前は何ですか',
      answerHash:
        '$argon2id$v=19$m=19456,t=2,p=1$cg9piGkt/zV4C4/KDVYP+g$2XJL3C0PCte8VattymiZDyHEDbLq9X82dhivMT6eLT4',
    },
  ],
  standing: 'good',
  coreSystem: 'up',
  signals: [],
} as const satisfies Partial<Profile>

const usualPin = '4649'

/** The four accounts on the manual's screens. */
const accountsOfTheManual = [
  account(['インターネット支店', '001'], '2000002', { memo: '口座メモ5678901234567890' }),
  account(['インターネット支店', '202'], '1111111'),
  account(['インターネット支店', '202'], '2222222', { registered: true }),
  account(['豊洲支店', '456'], '1000314', { memo: '口座メモ5678901234567890' }),
]

const profiles: readonly Profile[] = [
  {
    // the manual, screen by screen, without 追加認証
    ...usual,
    loginId: 'mihon01',
    companyName: '株式会社見本商店',
    userName: '見本 太郎',
    accounts: accountsOfTheManual,
  },
  {
    // everything registered: from 認可業務選択 straight to 情報アクセス許可
    ...usual,
    loginId: 'mihon02',
    companyName: '株式会社ひばり製菓',
    userName: '佐倉 みどり',
    accounts: [
      account(['本店営業部', '100'], '3004501', { registered: true, memo: '売上入金用' }),
      account(['豊洲支店', '456'], '1002208', { registered: true }),
    ],
  },
  {
    // the manual with 追加認証: the bank noticed an unusual environment
    ...usual,
    loginId: 'mihon03',
    companyName: '有限会社あおば金物店',
    userName: '青葉 次郎',
    questions: [flower],
    signals: ['unusual-environment'],
    accounts: accountsOfTheManual,
  },
  {
    ...usual,
    loginId: 'mihon04',
    companyName: '株式会社こだま運輸',
    userName: '児玉 三枝',
    standing: 'locked-by-bank',
    accounts: twoAccounts('3010427', '1003316', '燃料費'),
  },
  {
    ...usual,
    loginId: 'mihon05',
    companyName: '合同会社つきみ設計',
    userName: '月見 健',
    standing: 'password-expired',
    accounts: twoAccounts('3011535', '1004424'),
  },
  {
    // a long table: three branches, and two of them differ in nothing but the code
    ...usual,
    loginId: 'mihon06',
    companyName: '株式会社やまびこ不動産',
    userName: '山彦 美咲',
    accounts: [
      ...twentyAccounts(['本町支店', '310'], 4_100_003),
      ...twentyAccounts(['本町支店', '571'], 5_200_006),
      ...twentyAccounts(['豊洲支店', '456'], 1_300_009),
    ],
  },
  {
    ...usual,
    loginId: 'mihon07',
    companyName: '株式会社しおさい水産',
    userName: '汐崎 渚',
    signsInBy: 'certificate',
    accounts: twoAccounts('3012643', '1005532', '魚市場 決済用'),
  },
  {
    ...usual,
    loginId: 'mihon08',
    companyName: '株式会社みなと印刷',
    userName: '湊 和也',
    standing: 'may-not-connect',
    accounts: twoAccounts('3013751', '1006640'),
  },
  {
    // signs in, but no PIN can be checked
    ...usual,
    loginId: 'mihon09',
    companyName: '有限会社かえで造園',
    userName: '楓 誠',
    coreSystem: 'down',
    accounts: twoAccounts('3014869', '1007758', '資材仕入'),
  },
  {
    // no account that may be inquired
    ...usual,
    loginId: 'mihon10',
    companyName: '合同会社ほたる企画',
    userName: '蛍川 光',
    accounts: [],
  },
  {
    // a second company with a certificate
    ...usual,
    loginId: 'mihon11',
    companyName: '株式会社はまなす商会',
    userName: '浜梨 恵',
    signsInBy: 'certificate',
    accounts: twoAccounts('3015977', '1008866'),
  },
  {
    // a till that books all day: statements of several pages
    ...usual,
    loginId: 'mihon12',
    companyName: '株式会社すずらん書店',
    userName: '鈴木 蘭',
    accounts: [
      account(['本店営業部', '100'], '3017001', { registered: true, memo: '売上 レジ', busy: true }),
      account(['豊洲支店', '456'], '1009974', { registered: true }),
    ],
  },
  {
    // has never signed in to Internet banking
    ...usual,
    loginId: 'mihon13',
    companyName: '株式会社わかば薬局',
    userName: '若葉 望',
    standing: 'first-login',
    accounts: twoAccounts('3018113', '1010021'),
  },
  {
    ...usual,
    loginId: 'mihon14',
    companyName: '有限会社ゆうなぎ旅館',
    userName: '夕凪 昇',
    standing: 'contract-closed',
    accounts: twoAccounts('3019221', '1011139'),
  },
  {
    // may inquire one of the company's two accounts
    ...usual,
    loginId: 'mihon15',
    companyName: '株式会社ひいらぎ建設',
    userName: '柊 実',
    accounts: [
      account(['本店営業部', '100'], '3020339', { registered: true }),
      account(['豊洲支店', '456'], '1012247', { barred: true, memo: '役員報酬' }),
    ],
  },
  {
    // may allow balances, and not transactions
    ...usual,
    loginId: 'mihon16',
    companyName: '株式会社なずな食品',
    userName: '七草 芹',
    services: ['balances'],
    accounts: [account(['本店営業部', '100'], '3021447', { registered: true })],
  },
]

export const demoCustomers: readonly DemoCustomer[] = profiles.map((profile) => ({
  ...profile,
  id: `c-${opaque('customer', profile.loginId)}`,
  accounts: profile.accounts.map((one) => ({
    ...one,
    id: `a-${opaque('account', profile.loginId, one.branchCode, one.kind, one.number)}`,
  })),
}))

function account(
  [branchName, branchCode]: readonly [string, string],
  number: string,
  {
    kind = '普通',
    memo = '',
    registered = false,
    ...rest
  }: Partial<Pick<DemoAccount, 'kind' | 'memo' | 'registered' | 'busy' | 'barred'>> = {},
): Omit<DemoAccount, 'id'> {
  return { branchName, branchCode, kind, number, memo, registered, pin: usualPin, ...rest }
}

function twoAccounts(first: string, second: string, memo = ''): Profile['accounts'] {
  return [
    account(['本店営業部', '100'], first, { registered: true }),
    account(['豊洲支店', '456'], second, { memo }),
  ]
}

/** Every fifth is registered already, every fourth has a memo, the last three are current accounts. */
function twentyAccounts(branch: readonly [string, string], firstNumber: number): Profile['accounts'] {
  return Array.from({ length: 20 }, (_, n) =>
    account(branch, String(firstNumber + n * 37), {
      kind: n < 17 ? '普通' : '当座',
      memo: n % 4 === 1 ? `やまびこハイツ${n}号棟 賃料` : '',
      registered: n % 5 === 0,
    }),
  )
}

/** Stable over restarts and processes, and without the login ID or the account number in it. */
function opaque(...parts: readonly string[]): string {
  return createHash('sha256')
    .update(['simulator', ...parts].join('\n'))
    .digest('hex')
    .slice(0, 20)
}
