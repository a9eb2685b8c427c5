/** What can go wrong between a demo fintech and the bank, and how the customer is told: in plain words. */
import * as client from 'openid-client'
import { z } from 'zod'
import { ApiError } from './accounts.ts'

export type TroubleKind = keyof typeof troubleWords

export type Trouble = {
  readonly kind: TroubleKind
  /** the bank's error code, for the customer's phone call and the developer */
  readonly code?: string | undefined
  readonly description?: string | undefined
}

type Words = {
  readonly status: number
  readonly heading: string
  readonly text: string
  readonly english: string
}

export const troubleWords = {
  denied: {
    status: 200,
    heading: '連携は行われませんでした',
    text: '銀行の画面で「許可しない」または中止が選ばれたか、手続きが時間切れなどで終了しました。口座の情報は受け取っていません。',
    english: 'You were not connected. We have received no account information.',
  },
  unavailable: {
    status: 503,
    heading: 'ただいま銀行をご利用いただけません',
    text: '銀行のサービス時間外か、一時的に混み合っているか、メンテナンス中です。時間をおいて、もう一度お試しください。',
    english: 'The bank is not available at the moment. Please try again later.',
  },
  unreachable: {
    status: 502,
    heading: '銀行に接続できませんでした',
    text: '銀行のサーバーから応答がありません。銀行のサーバーが動いていることを確認して、もう一度お試しください。',
    english: 'The bank’s server did not answer. Please check that it is running and try again.',
  },
  lost: {
    status: 400,
    heading: 'お手続きの続きが見つかりません',
    text: 'すでに終わった手続きか、別のブラウザーで始めた手続きです。お手数ですが、はじめからやり直してください。',
    english: 'This is already finished, or was started in another browser. Please start again.',
  },
  ended: {
    status: 200,
    heading: 'この連携は終わっています',
    text: '認可期間が終わったか、連携が停止されました。口座の情報はもう受け取れません。続ける場合は、連携を更新してください。',
    english: 'This connection has ended: its period is over, or it was stopped. Renew it to go on.',
  },
  'not-connected': {
    status: 404,
    heading: 'まだ連携していません',
    text: 'このブラウザーには連携の記録がありません。はじめに銀行と連携してください。',
    english: 'There is no connection in this browser yet.',
  },
  'not-found': {
    status: 404,
    heading: 'ページが見つかりません',
    text: 'アドレスをお確かめのうえ、はじめのページからお進みください。',
    english: 'There is no such page.',
  },
  foreign: {
    status: 403,
    heading: 'この操作は受け付けられませんでした',
    text: '別のサイトからの操作のようです。安全のため実行していません。はじめのページからお進みください。',
    english: 'The request seems to come from another site, so nothing was done.',
  },
  other: {
    status: 502,
    heading: '連携を完了できませんでした',
    text: '銀行とのやりとりの途中で問題が起きました。もう一度お試しください。',
    english: 'Something went wrong between us and the bank. Please try again.',
  },
  unexpected: {
    status: 500,
    heading: '問題が起きました',
    text: '申し訳ありません。もう一度お試しください。',
    english: 'Sorry, something went wrong. Please try again.',
  },
} as const satisfies Record<string, Words>

/**
 * Reads the errors of openid-client and of the accounts API.
 * @throws the error itself where it is none of those: that is a defect of ours
 */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    return { kind: kindOf(error.error), code: error.error, description: error.error_description }
  }
  if (error instanceof client.WWWAuthenticateChallengeError) {
    return { kind: 'other', code: error.cause[0]?.parameters.error ?? `HTTP ${error.status}` }
  }
  if (error instanceof ApiError) {
    const kind = error.status === 401 ? 'ended' : error.status >= 500 ? 'unavailable' : kindOf(error.code)
    return { kind, code: error.code, description: error.description }
  }
  if (error instanceof client.ClientError) return troubleOfClient(error)
  if (error instanceof z.ZodError) return { kind: 'other', code: 'unexpected_answer' }
  // fetch itself has no other sign of a connection that failed
  if (error instanceof TypeError && error.message === 'fetch failed') return { kind: 'unreachable' }
  throw error
}

function troubleOfClient({ code, message, cause }: client.ClientError): Trouble {
  if (code === 'OAUTH_TIMEOUT') return { kind: 'unreachable' }
  if (cause instanceof Response && cause.status >= 500)
    return { kind: 'unavailable', code: `HTTP ${cause.status}` }
  return { kind: 'other', code, description: message }
}

function kindOf(code: string): TroubleKind {
  if (code === 'access_denied') return 'denied'
  if (code === 'temporarily_unavailable') return 'unavailable'
  return 'other'
}
