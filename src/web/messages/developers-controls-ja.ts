/** What the sandbox's controls say in Japanese; the English ones have the same shape. */
import type { ConsentState } from '../../consent/state.ts'
import type {
  AccountControl,
  BankState,
  controlDone,
  controlErrors,
  JumpName,
} from '../../developers/control-words.ts'
import type { Delivery } from '../../store/deliveries.ts'

export const controlsJa = {
  title: '連携と試験の操作',
  lead: 'このクライアントに許可されている連携です。番号を開くと、日付を進めたり、停止したりできます。',
  none: 'まだ連携がありません。',
  consent: (number: string) => `連携 ${number}`,
  number: '番号',
  customer: 'テスト用のお客様',
  state: '状態',
  since: '開始',
  until: '終了',
  lastUsed: '最後の利用',
  never: 'なし',
  scopes: 'スコープ',
  ended: '終わった日時と理由',
  back: '連携の一覧へ戻る',
  inJapan: '時刻はすべて日本時間です。',
  states: {
    granted: '許可済み（コードの交換待ち）',
    active: '有効',
    expiring: '有効（まもなく期限）',
    expired: '期間終了',
    stopped: '停止',
    replaced: '新しい連携に置き換え',
    unused: '使われずに終了',
  } satisfies Record<ConsentState, string>,
  days: {
    title: '日付を進める',
    text: 'この連携だけに日数が過ぎたことにします。時計は動かさず、この連携とトークンの日付を過去へずらします（同じお客様とのこれより前の連携も一緒にずらします）。元には戻せません。',
    reminders: (now: string) =>
      `期限のお知らせ（30日前、7日前、1日前）は、その日の午前9時から送られます（いまは ${now}）。一度に先へ進めると、間のお知らせは送られません。`,
    field: '日数（1から400）',
    submit: '進める',
    jumps: {
      'before-30': '終了の30日前へ',
      'before-7': '終了の7日前へ',
      'before-1': '終了の1日前へ',
      'after-end': '終了の翌日へ',
      'after-renewal': '更新できる期間の後へ',
    } satisfies Record<JumpName, string>,
    jump: (name: string, days: number) => `${name}（${days}日進める）`,
  },
  stop: {
    title: '停止する',
    text: 'お客様が自分のページで停止したときと同じことが起きます。',
    submit: 'お客様として停止する',
  },
  accounts: {
    title: '口座',
    text: 'テスト用のお客様は、このデモの全員が使います。暗証番号の変更と解約はほかの開発者にも見えるので、試した後は元に戻してください。止まった口座は、元に戻しても連携を更新するまで止まったままです。',
    account: '口座',
    atBank: (state: string) => `銀行での状態：${state}`,
    control: '状態と操作',
    unnamed: '（解約された口座）',
    states: { open: '変更なし', closed: '解約', 'pin-changed': '照会用暗証番号が変わった' },
    stopped: (reason: string) => `停止済み（${reason}）`,
    controls: {
      'stop-account': 'この口座だけ停止する',
      'change-pin': '暗証番号を窓口で変更',
      'register-pin': '暗証番号を元に戻す',
      'close-account': '解約する',
      'reopen-account': '解約を取り消す',
    } satisfies Record<AccountControl, string>,
    pair: (control: string, account: string) => `${control}：${account}`,
  },
  bank: {
    title: '銀行を止める',
    text: 'このクライアントからの照会（/api）だけに、銀行が答えなくなります。ほかのクライアントには影響しません。',
    up: '銀行は、このクライアントに答えています。',
    down: (reason: string, until: string | null) =>
      `銀行は止まっています（${reason}）。${until === null ? '再開するまで続きます。' : `${until} に再開します。`}`,
    reason: '理由',
    reasons: {
      maintenance: 'メンテナンス（maintenance）',
      'outside-hours': 'サービス時間外（outside_hours）',
      up: '',
    } satisfies Record<BankState, string>,
    duration: '長さ',
    minutes: (n: number) => (n === 0 ? '再開するまで' : `${n}分`),
    submit: '止める',
    resume: '再開する',
  },
  messages: {
    title: 'イベントとお知らせ',
    text: '送られた内容です。送信待ちのものは、いま送る場合の内容です。日付を進める前のものは、前の日付のままです。イベントは、このヘッダーとクレームに署名したもの（JWT）が届きます。',
    noEventsUrl: 'イベントの送り先が登録されていないので、どこにも送らず、ここだけに残します。',
    none: 'まだありません。',
    line: (kind: string, type: string, state: string) => `${kind} ${type}：${state}`,
    kinds: { event: 'イベント', notice: 'お客様へのお知らせ' },
    states: {
      waiting: '送信待ち',
      delivered: '送信済み',
      dead: '届かず',
      unwanted: '送り先なし',
    } satisfies Record<Delivery['state'], string>,
    tries: (n: number, error: string) => `${n}回失敗 ${error}`,
  },
  errors: { 'days-form': '日数は1から400までの整数で入力してください' } satisfies Record<
    (typeof controlErrors)[number],
    string
  >,
  done: {
    'days-passed': '日付を進めました。起きたことは、状態とイベントの欄に出ています。',
    'consent-stopped': '連携を停止しました。',
    'consent-over': '何も変更していません。連携はすでに終わっています。',
    'account-changed': '口座を変更しました。',
    'bank-changed': '銀行の状態を変更しました。',
  } satisfies Record<(typeof controlDone)[number], string>,
}
