/** Every word of the pages in Japanese; the manual's titles, labels and buttons letter for letter. */
import type { FieldErrorCode, ProblemCode } from '../../errors.ts'
import { connectionsJa } from './connections-ja.ts'
import { helpJa } from './help-ja.ts'

type Values = Readonly<Record<string, string>>
/** Which account it is about, where the row does not say so itself. */
const of = ({ account }: Values): string => (account ? `（${account}）` : '')

type ProblemText = { readonly title: string; readonly lines: readonly string[] }

export const ja = {
  frame: {
    skip: '本文へ進む',
    step: (phase: number, name: string) => `手順${phase}/4　${name}`,
    phases: ['ログイン', '業務選択', '照会用暗証番号', '許可'] as readonly string[],
    skipped: (name: string) => `「${name}」は不要のため省略しました。`,
    titleStep: (phase: number) => `（手順${phase}/4）`,
    errorPrefix: 'エラー：',
    errorSummary: '入力内容を確認してください',
    asks: '連携の申し込み元',
    asksLine: '{service}（{company}）から、口座情報の連携の申し込みがありました。',
    domain: '戻り先',
    aboutProvider: 'この事業者について',
    registration: '電子決済等代行業者の登録',
    contact: '問い合わせ先',
    liability: '損害の賠償について',
    signedInAs: 'ログイン中',
    named: (person: string) => `${person} 様`,
    cancel: '中止して連携先に戻る',
    help: 'お困りのときは',
    phone: 'お電話',
    number: '受付番号',
    numberHint: 'お電話の際にお伝えください',
    idle: '15分間操作がないと、安全のため終了します。',
    endsAt: (time: string) => `この手続きは、${time}（日本時間）までに終えてください。`,
    certificateEndsAt: (time: string) =>
      `パスワードは、${time}（日本時間）までに入力してください。安全のため、過ぎたときは証明書を選び直していただきます。`,
    neverAsked:
      'この手続きで、ワンタイムパスワードやキャッシュカードの暗証番号をお聞きすることはありません。',
    language: '言語',
    required: '必須',
    back: '連携先に戻る',
    retry: 'もう一度試す',
    screen: '画面番号',
  },
  signIn: {
    title: 'API連携認証（利用登録）',
    certificateMethod: '電子証明書方式のお客様',
    certificateText: '電子証明書の入ったパソコンで、下のボタンを押してください。',
    certificateButton: '電子証明書ログイン',
    passwordMethod: 'ID・パスワード方式のお客様',
    loginId: 'ログインID',
    password: 'ログインパスワード',
    submit: 'API連携',
    notShown: 'ご入力いただくIDやパスワードが、連携先に表示されることはありません。',
    checkAddress: (host: string) => `このページのアドレスが ${host} であることを確認してください。`,
  },
  certificates: {
    onPhone:
      '電子証明書はパソコンに入っています。スマートフォンやタブレットではご利用いただけません。パソコンで連携先の画面を開いて、お手続きください。',
    chooserMissing: '証明書の選択画面が出ないとき',
    chooserHint: {
      off: [],
      'fixed-host': [
        'ブラウザーは前に選んだ証明書を覚えているため、選択画面が出ないことがあります。',
        'ブラウザーの画面をすべて閉じて開き直し、連携先の画面からもう一度お試しください。証明書を更新した後も同じです。',
      ],
      'fresh-host': [
        '押すたびに、証明書の選択画面が新しく開きます。',
        '選択画面が出ないときは、このパソコンに有効な証明書が入っていない可能性があります。ブラウザーの画面をすべて閉じて開き直しても出ないときは、お電話ください。',
      ],
    } as Readonly<Record<'off' | 'fixed-host' | 'fresh-host', readonly string[]>>,
    retry: '証明書を選び直す',
    signIn: 'ログイン画面に戻る',
    received: '受け取った証明書',
    holder: '名義',
    company: '会社名',
    issuer: '発行者',
    valid: '有効期間',
    validFrom: (day: string) => `${day}から`,
    validUntil: (day: string) => `${day}まで`,
    endsSoon: (date: string) =>
      `この電子証明書の有効期限は${date}です。期限が切れるとログインできなくなります。お早めに更新してください。`,
  },
  certificatePassword: {
    title: 'API連携認証（利用登録）',
    user: '証明書の利用者',
    password: 'ログインパスワード',
    submit: 'API連携',
    other: '別の証明書を使う',
  },
  answerChallenge: {
    title: { first: 'API連携認証（追加認証）（利用登録）', renewal: 'API連携認証（追加認証）（更新）' },
    why: 'いつもと異なるご利用環境のため、ご登録の質問で確認しています。',
    question: '質問',
    answer: '回答を入力',
    submit: '認証',
    forgotten: '答えを忘れたときは、下の電話番号へお問い合わせください。',
  },
  chooseServices: {
    title: {
      first: 'API連携認証（認可業務選択）（利用登録）',
      renewal: 'API連携認証（認可業務選択）（更新）',
    },
    legend: '利用業務を選択',
    hint: '連携先に利用を認める業務を選んでください。',
    submit: '次へ',
  },
  registerPins: {
    title: {
      first: 'API連携認証（照会用暗証番号登録）（利用登録）',
      renewal: 'API連携認証（照会用暗証番号登録）（更新）',
    },
    lead: '登録状態が「未登録」の口座を選び、信用組合へ届け出ている照会用暗証番号を入力して、「登録」を押してください。',
    partial: 'すべての口座を登録する必要はありません。登録した口座だけが連携の対象になります。',
    caption: (count: number) => `照会用口座（${count}件）`,
    all: '全て',
    status: '登録状態',
    account: '照会用口座',
    memo: '口座メモ',
    pin: '照会用暗証番号（現在）',
    chooseAll: 'すべての口座を選ぶ',
    choose: '選ぶ',
    submit: '登録',
    skip: '登録しないで次へ',
    skipHint: '登録済みの口座だけで先に進みます。',
    heldNote: '「登録済み*」の口座の暗証番号は、認可完了後に有効となります。',
    folded: '口座は支店ごとにまとめています。支店名を押すと、その支店の口座が表示されます。',
    branchCount: (count: number, registered: number) => `${count}件（登録済み ${registered}件）`,
    chooseAllOfBranch: 'この支店のすべての口座を選ぶ',
  },
  barred: {
    title: '選べない口座',
    why: 'この利用者には照会の権限がないため、次の口座は連携できません。必要なときは、貴社の管理者の方に権限の設定をご依頼ください。',
  },
  barredServices: {
    title: '許可できない業務',
    why: 'この利用者には許可する権限がないため、次の業務は連携できません。必要なときは、貴社の管理者の方に権限の設定をご依頼ください。',
  },
  statuses: { unregistered: '未登録', stale: '要再登録', registered: '登録済み', held: '登録済み*' },
  heldMeaning: '認可完了後に有効になります',
  reviewPins: {
    title: 'API連携認証（照会用暗証番号登録結果）',
    lead: '以下の内容で照会用暗証番号を登録しました。内容を確認の上、「確認」ボタンを押してください。照会用暗証番号を追加登録するには、「照会用暗証番号の追加登録」ボタンを押してください。',
    count: (count: number) => `${count}件の照会用暗証番号を登録しました`,
    failed: (count: number) => `${count}件は登録できませんでした`,
    status: '登録状況',
    hidden: '登録した番号（表示しません）',
    footnote: '※登録状況に「*」が表示されている口座の暗証番号は、認可完了後に有効となります。',
    submit: '確認',
    more: '照会用暗証番号の追加登録',
  },
  giveConsent: {
    title: {
      first: 'API連携認証（情報アクセス許可）（利用登録）',
      renewal: 'API連携認証（情報アクセス許可）（更新）',
    },
    scope: '認可対象',
    accounts: '対象の口座',
    accountsHint: '連携の対象にする口座を選んでください。',
    period: '認可期間',
    from: '開始',
    until: '終了',
    untilDay: (date: string) => `${date}まで`,
    intent: '意思確認',
    refuse: '許可しない',
    showReceipt: '控えを表示してから連携先に戻る（印刷できます）',
    change: '変更',
    termsOf: (name: string) => `${name}の利用規約`,
    privacyOf: (name: string) => `${name}のプライバシーポリシー`,
    accountsHintRenewal: '前回の対象の口座が選ばれています。連携の対象にする口座を確認してください。',
    pinChanged: '照会用暗証番号を変更した口座がある方',
    standings: { new: '前回は対象外', stopped: '以前に停止' },
  },
  endings: {
    allowed: {
      title: '許可しました。連携先に戻ります',
      lines: ['この画面での手続きは終わり、ログアウトしました。'],
    },
    renewed: {
      title: '更新しました。連携先に戻ります',
      lines: ['この画面での手続きは終わり、ログアウトしました。'],
    },
    refused: {
      title: '許可しませんでした。連携先に戻ります',
      lines: ['何も許可されていません。この画面での手続きは終わりました。'],
    },
    cancelled: {
      title: '中止しました。連携先に戻ります',
      lines: ['何も許可されていません。この画面での手続きは終わりました。'],
    },
    'timed-out': {
      title: '時間切れのため手続きを終了しました',
      lines: [
        '安全のため、手続きを終了しました。何も許可されていません。',
        'もう一度行うには、連携先の画面からやり直してください。',
      ],
    },
    unavailable: {
      title: '手続きを終了しました。連携先に戻ります',
      lines: [
        'ただいま銀行のシステムをご利用いただけません。何も許可されていません。',
        '時間をおいて、連携先の画面からやり直してください。',
      ],
    },
  } as Readonly<
    Record<'allowed' | 'renewed' | 'refused' | 'cancelled' | 'timed-out' | 'unavailable', ProblemText>
  >,
  returnPage: {
    consentNumber: '認可番号',
    to: (service: string) => `${service}に戻る`,
    notMoving: '自動的に切り替わらないときは、ボタンを押してください。',
    receipt: '許可した内容（控え）',
    showReceipt: '控えを表示・印刷する',
    staying: {
      title: '許可しました',
      lines: [
        'この画面での手続きは終わり、ログアウトしました。',
        '控えを確かめたら、下のボタンで連携先に戻ってください。戻るまで、連携は始まりません。',
      ],
    },
    returned: {
      title: '許可した内容',
      lines: ['この画面での手続きは終わり、連携先に戻りました。'],
    },
    from: (day: string) => `${day}から`,
    until: (day: string) => `${day}まで`,
    accountCount: (count: number) => `${count}件`,
    renew:
      '認可期間が切れる前に、連携先の画面からもう一度お手続きいただくと、連携を続けられます。期間の途中でも、「連携中のサービスの確認・停止」のページで、または信用組合へのご連絡により、いつでも解除できます。',
  },
  receipt: {
    at: '日時（日本時間）',
    customer: 'お客様',
    service: '連携先',
    print: '印刷する',
    csv: 'CSVで保存',
    file: '照会用暗証番号登録結果',
    outcome: '今回の結果',
    done: '登録しました',
  },
  timeOut: {
    title: 'まもなく時間切れになります',
    idle: '操作がないと、安全のため、はじめからのお手続きになります。「手続きを続ける」を押すと、入力した内容はそのままで時間が延びます。',
    last: 'お手続きの制限時間（60分）が近づいています。安全のため、延ばすことはできません。時間を過ぎると、何も許可されずに終了します。',
    lastOfCertificate:
      '選んだ電子証明書でログインできる時間（5分）が残りわずかです。安全のため、延ばすことはできません。時間を過ぎたときは、証明書を選び直していただきます。',
    failed:
      '通信できませんでした。接続を確かめて、もう一度「手続きを続ける」を押してください。入力した内容はそのままです。',
    left: '残り時間',
    minutes: '分',
    stay: '手続きを続ける',
  },
  reveal: {
    password: { show: 'パスワードを表示する', hide: 'パスワードを隠す' },
    answer: { show: '回答を表示する', hide: '回答を隠す' },
  },
  notices: {
    idle: '15分間操作がなかったため、安全のためはじめからのお手続きとなります。何も許可されていません。',
  },
  closed: {
    resumes: (day: string, time: string) => `再開予定：${day} ${time}（日本時間）`,
    reason: (text: string) => `理由：${text}`,
    soon: '少し時間をおいて、もう一度お試しください。',
    later: '再開の予定は、お電話でお問い合わせください。',
    here: '再開した後に、この画面で「もう一度試す」を押してください。',
    atService:
      'この画面で待つことのできる時間（60分）を過ぎますので、再開した後に、連携先のサービスからもう一度お始めください。',
  },
  problems: {
    'bank-unavailable': {
      title: 'ただいまご利用いただけません',
      lines: ['銀行のシステムに接続できませんでした。入力の誤りではなく、回数にも数えていません。'],
    },
    'outside-hours': {
      title: 'ただいまサービス時間外です',
      lines: [
        'このお手続きは、サービス時間内にご利用いただけます。入力の誤りではなく、何も許可されていません。',
      ],
    },
    maintenance: {
      title: 'ただいまメンテナンス中です',
      lines: ['メンテナンスのため、ご利用いただけません。入力の誤りではなく、何も許可されていません。'],
    },
    'locked-for-a-while': {
      title: 'しばらくの間ご利用を停止しています',
      lines: [
        '入力の誤りが続いたため、安全のため一時的に停止しました。',
        'しばらく時間をおいて、もう一度お試しください。お急ぎのときはお電話ください。',
      ],
    },
    'locked-for-good': {
      title: 'ご利用を停止しています',
      lines: ['入力の誤りが続いたため、安全のため停止しました。', '再開するには、窓口へお電話ください。'],
    },
    'locked-by-bank': {
      title: 'ご利用を停止しています',
      lines: [
        'このご契約のインターネットバンキングは、現在ご利用を停止しています。',
        '再開の方法は、窓口へお電話でお問い合わせください。',
      ],
    },
    'password-expired': {
      title: 'ログインパスワードの有効期限が切れています',
      lines: [
        'インターネットバンキングにログインして、パスワードを変更してください。',
        '変更が終わったら、この画面に戻って「もう一度試す」を押してください。',
      ],
    },
    'first-login': {
      title: '初回のログインがお済みではありません',
      lines: [
        '先にインターネットバンキングにログインして、ご自身のパスワードを設定してください。方法がご不明のときは、貴社の管理者の方にお尋ねください。',
        '設定が終わったら、この画面に戻って「もう一度試す」を押してください。',
      ],
    },
    'contract-closed': {
      title: 'ご契約が終了しています',
      lines: [
        'このインターネットバンキングのご契約は終了しているため、外部サービスと連携できません。',
        'お心当たりのないときは、窓口へお電話ください。',
      ],
    },
    'certificate-required': {
      title: '電子証明書でのログインが必要です',
      lines: [
        'このご契約は電子証明書方式です。電子証明書の入ったパソコンで、「電子証明書ログイン」をご利用ください。',
      ],
    },
    'password-required': {
      title: 'ログインIDでのログインが必要です',
      lines: ['このご契約はID・パスワード方式です。ログインIDとログインパスワードでログインしてください。'],
    },
    'may-not-connect': {
      title: 'API連携の権限がありません',
      lines: [
        'この利用者には、外部サービスと連携する権限がありません。',
        '貴社の管理者の方に、API連携の権限を設定するようご依頼ください。',
      ],
    },
    'no-accounts': {
      title: '連携できる口座がありません',
      lines: [
        'この利用者が照会できる口座がありません。',
        '貴社の管理者の方、または窓口へお問い合わせください。',
      ],
    },
    'risk-refused': {
      title: 'お手続きを続けられません',
      lines: ['安全のため、このご利用環境からの手続きを止めました。', '窓口へお電話ください。'],
    },
    'request-already-used': {
      title: 'この申し込みは別の画面で手続きが済んでいます',
      lines: ['同じ申し込みが、別の画面（タブ）で使われました。', '連携先に戻って状況をご確認ください。'],
    },
    'client-suspended': {
      title: 'この連携先とは現在連携できません',
      lines: ['この事業者との連携を停止しています。何も許可されていません。'],
    },
    'certificates-off': {
      title: '電子証明書ログインはご利用いただけません',
      lines: [
        'この環境では、電子証明書ログインの設定が行われていません。',
        'ID・パスワード方式のお客様は、前の画面に戻ってログインしてください。',
      ],
    },
    'certificate-missing': {
      title: '電子証明書を受け取れませんでした',
      lines: [
        '証明書が選ばれなかったか、このパソコンにこの金融機関の有効な証明書が入っていません。有効期限の切れた証明書は、選択画面に表示されません。',
        '証明書の入ったパソコンで、選択画面からこの金融機関の証明書を選んで「OK」を押してください。期限が切れているときは、先に更新してください。',
      ],
    },
    'certificate-expired': {
      title: '電子証明書の有効期限が切れています',
      lines: [
        '期限の切れた証明書では、ログインできません。',
        '更新した証明書があるときは、選び直してください。古い証明書はパソコンに残っていることがあります。',
        '更新していないときは、インターネットバンキングの画面で証明書を再取得するか、窓口へお電話ください。',
      ],
    },
    'certificate-not-yet-valid': {
      title: '電子証明書の有効期間がまだ始まっていません',
      lines: [
        'この証明書は、下の有効期間が始まってからお使いいただけます。',
        '今お使いの証明書があるときは、選び直してください。パソコンの日時が正しいこともご確認ください。',
      ],
    },
    'certificate-revoked': {
      title: 'この電子証明書は失効しています',
      lines: [
        '紛失の届け出や再発行などにより、この証明書は使えなくなりました。',
        '再発行した証明書があるときは、選び直してください。お心当たりがないときは、窓口へお電話ください。',
      ],
    },
    'certificate-other-issuer': {
      title: 'この金融機関の電子証明書ではありません',
      lines: [
        '別の金融機関や団体が発行した証明書が選ばれました。',
        '選択画面で、この金融機関が発行した証明書を選んでください。お心当たりがないときは、窓口へお電話ください。',
      ],
    },
    'certificate-unsuitable': {
      title: 'この電子証明書ではログインできません',
      lines: [
        'ログイン用ではない証明書か、現在の安全の基準に合わない証明書です。',
        'ログイン用の証明書を選び直してください。ほかに証明書がないときは、窓口へお電話ください。',
      ],
    },
    'certificate-unverifiable': {
      title: 'ただいま電子証明書の確認ができません',
      lines: [
        '証明書が失効していないかを確認できませんでした。お客様の操作の誤りではありません。',
        '少し時間をおいて、もう一度お試しください。',
      ],
    },
    'certificate-too-old': {
      title: '電子証明書の確認から時間が経ちました',
      lines: [
        '安全のため、証明書を選んでから5分以内にパスワードを入力していただいています。何も許可されていません。',
        '下のボタンを押して、もう一度証明書を選んでください。',
      ],
    },
    'certificate-not-tied': {
      title: 'この電子証明書はご契約と結び付いていません',
      lines: [
        'この金融機関の証明書ですが、電子証明書方式のご契約が見つかりませんでした。',
        'ほかの証明書があるときは、選び直してください。ないときは、窓口へお電話ください。',
      ],
    },
    'certificate-of-another': {
      title: '別のお客様の電子証明書が選ばれました',
      lines: [
        '連携先から申し込まれているのは、別のお客様（会社または利用者）の連携です。',
        '申し込まれたお客様ご本人の証明書を選び直してください。間違えて申し込んだときは、中止して連携先の画面からやり直してください。',
      ],
    },
    'customer-of-another': {
      title: 'お申し込みとは別のお客様のログイン情報です',
      lines: [
        '連携先から申し込まれているのは、別のお客様（会社または利用者）の連携です。',
        '申し込まれたお客様ご本人のログイン情報をお使いください。間違えて申し込んだときは、中止して連携先の画面からやり直してください。',
      ],
    },
    'renewal-over': {
      title: 'この連携は更新できません',
      lines: [
        '連携先から申し込まれた連携は、終了してから時間が経ったか、別の連携に置き換わっているため、更新できません。',
        '続けて利用するには、連携先の画面から、新しい連携としてお申し込みください。',
      ],
    },
    'forwarding-refused': {
      title: '通信を受け付けられませんでした',
      lines: [
        '安全のため、この通信を受け付けませんでした。',
        '連携先の画面からやり直してください。続くときは、お電話ください。',
      ],
    },
    'ticket-refused': {
      title: '電子証明書の確認をやり直してください',
      lines: [
        '電子証明書の確認結果を受け取れませんでした。時間が経ったか、別の画面で使われた可能性があります。',
        '下のボタンを押して、もう一度証明書を選んでください。',
      ],
    },
    'already-finished': {
      title: 'この手続きは終わっています',
      lines: ['この申し込みの手続きは、すでに終わりました。', '続きは、連携先の画面でご確認ください。'],
    },
    'journey-unknown': {
      title: 'この手続きは見つかりません',
      lines: [
        '時間が経って終了したか、ブラウザーがCookieを受け付けていない可能性があります。',
        'Cookieを有効にして、連携先の画面からやり直してください。',
      ],
    },
    'stale-form': {
      title: '画面が古くなりました',
      lines: ['安全のため、この送信は受け付けませんでした。', 'もう一度、画面を開いて入力してください。'],
    },
    'foreign-origin': {
      title: '送信を受け付けられませんでした',
      lines: [
        '別のサイトから送られた可能性があるため、安全のため受け付けませんでした。',
        'もう一度、画面を開いて入力してください。',
      ],
    },
    'bad-request': {
      title: 'お送りいただいた内容を読み取れませんでした',
      lines: ['前の画面に戻って、もう一度お試しください。'],
    },
    'authorization-refused': {
      title: '連携の申し込みを受け付けられませんでした',
      lines: [
        '連携先からの申し込みの内容が正しくないため、手続きを始められません。',
        'お客様の操作の問題ではありません。連携先のサービスへお問い合わせください。',
      ],
    },
    'not-found': {
      title: 'ページが見つかりません',
      lines: ['アドレスが間違っているか、ページがなくなった可能性があります。'],
    },
    'too-many-requests': {
      title: 'アクセスが集中しています',
      lines: ['短い時間に多くのアクセスがありました。1分ほど待って、もう一度お試しください。'],
    },
    'system-unavailable': {
      title: 'ただいま混み合っているか、一時的に停止しています',
      lines: [
        '申し訳ありません。システムが応答していません。入力の誤りではありません。',
        '少し時間をおいて、もう一度お試しください。お手続きは途中から続けられます。',
      ],
    },
    incident: {
      title: '問題が発生しました',
      lines: [
        '申し訳ありません。手続きの途中で問題が発生しました。',
        '時間をおいて、もう一度お試しください。続くときは、下の番号をお電話でお伝えください。',
      ],
    },
  } as Readonly<Record<ProblemCode, ProblemText>>,
  incidentNumber: '事象番号',
  developerDetail: '連携先の開発者の方へ',
  help: helpJa,
  connections: connectionsJa,
  fieldErrors: {
    'login-id-missing': () => 'ログインIDを入力してください',
    'password-missing': () => 'ログインパスワードを入力してください',
    'sign-in-wrong': () => 'ログインIDまたはログインパスワードが違います。もう一度入力してください',
    'password-wrong': () => 'ログインパスワードが違います。もう一度入力してください',
    'answer-missing': () => '回答を入力してください',
    'answer-wrong': () => '回答が登録内容と違います',
    'services-missing': () => '利用する業務を1つ以上選んでください',
    'accounts-missing': () => '登録する口座を選んでください',
    'pin-missing': (v) => `照会用暗証番号を入力してください${of(v)}`,
    'pin-unticked': (v) => `登録する場合は、口座を選んでから照会用暗証番号を入力してください${of(v)}`,
    'pin-form': (v) => `照会用暗証番号は数字${v.digits}桁で入力してください${of(v)}`,
    'pin-wrong': (v) => `照会用暗証番号が届け出の番号と違います${of(v)}`,
    'pin-locked': (v) =>
      `入力の誤りが続いたため、この口座の登録を停止しています。窓口へお電話ください${of(v)}`,
    'pin-impossible': (v) => `この口座の照会用暗証番号は登録できません。窓口へお問い合わせください${of(v)}`,
    'tick-missing': () => '続ける場合は「認可手続きを継続する」を選んでください',
    'stop-tick-missing': () => '停止する場合は「停止する内容を確認しました」を選んでください',
    'consent-accounts-missing': () => '対象の口座を1つ以上選んでください',
    'stale-form': () => '画面が古くなりました。もう一度ご確認ください',
    'last-try': () => 'あと1回違うと、ご利用を一時停止します',
  } as Readonly<Record<FieldErrorCode, (values: Values) => string>>,
}

export type Messages = typeof ja
