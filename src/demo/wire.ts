/** Writes down, for show, what a demo fintech and the bank say to each other; never keeps a whole secret. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { CustomFetch } from 'openid-client'

/** One request and its answer, or one journey of the browser (`front`), as text to show. */
export type Exchange = {
  readonly channel: 'front' | 'back'
  readonly meaning: string
  readonly sent: string
  readonly received: string
}

/** Grows by `keep`, which drops the oldest: a connection that is refreshed for days stays small. */
export type Wire = Exchange[]

const longestWire = 60
const longestBody = 2000

/** `fetch`, or what takes its place. */
export type Send = (url: string, options: RequestInit) => Promise<Response>

export type WireTap = {
  /** Everything fetched through `fetch` while `work` runs is kept in `wire`. */
  readonly record: <Value>(wire: Wire, work: () => Promise<Value>) => Promise<Value>
  readonly fetch: CustomFetch
}

/** The wire rides beside the calls: the fintech's code reads as it would without a recorder. */
export function createWireTap(send: Send = fetch): WireTap {
  const current = new AsyncLocalStorage<Wire>()
  return {
    record: (wire, work) => current.run(wire, work),
    async fetch(url, options) {
      const wire = current.getStore() ?? []
      const body =
        options.body instanceof URLSearchParams || typeof options.body === 'string'
          ? options.body.toString()
          : ''
      const sent = [
        `${options.method} ${showUrl(url)}`,
        ...showHeaders(new Headers(options.headers)),
        ...showBody(body),
      ]
      const exchange = { channel: 'back', meaning: meaningOf(url, body), sent: sent.join('\n') } as const
      try {
        // openid-client declares a body more widely than fetch's own types; what it sends is the same
        const response = await send(url, options as RequestInit)
        const text = await response.clone().text()
        const received = [`${response.status}`, ...showHeaders(response.headers), ...showBody(text)]
        keep(wire, { ...exchange, received: received.join('\n') })
        return response
      } catch (error) {
        keep(wire, { ...exchange, received: '（応答なし）' })
        throw error
      }
    },
  }
}

/** A redirect of the browser: we see where it goes or whence it came, never the bank's answer. */
export function keepRedirect(wire: Wire, url: URL): void {
  const received = url.searchParams.has('request_uri')
    ? '（ブラウザーは銀行の画面へ）'
    : '（ブラウザーは銀行から戻りました）'
  keep(wire, {
    channel: 'front',
    meaning: meaningOf(url.href, ''),
    sent: `GET ${showUrl(url.href)}`,
    received,
  })
}

function keep(wire: Wire, exchange: Exchange): void {
  wire.push(exchange)
  wire.splice(0, wire.length - longestWire)
}

const secretNames = new Set([
  'authorization',
  'client_secret',
  'client_assertion',
  'dpop',
  'code',
  'code_verifier',
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'state',
  'nonce',
])

/** Six characters and the length: enough to follow a value from step to step, too little to use it. */
export function shorten(secret: string): string {
  const shown = secret.length > 12 ? secret.slice(0, 6) : ''
  return `${shown}…（${secret.length}文字）`
}

const hide = (name: string, value: string): string =>
  secretNames.has(name.toLowerCase()) ? shorten(value) : value

/** @returns the URL with its query readable and its secrets shortened */
export function showUrl(href: string): string {
  const url = new URL(href)
  const query = [...url.searchParams].map(([name, value]) => `${name}=${hide(name, value)}`)
  return `${url.origin}${url.pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`
}

function showHeaders(headers: Headers): string[] {
  return [
    'authorization',
    'dpop',
    'content-type',
    'cache-control',
    'www-authenticate',
    'retry-after',
  ].flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [`${name}: ${hide(name, value)}`]
  })
}

/** A blank line and the body: JSON indented, a form one field a line; anything else is only measured. */
export function showBody(text: string): string[] {
  if (text === '') return []
  const shown = showJson(text) ?? showForm(text) ?? `（${text.length}文字）`
  return ['', shown.length > longestBody ? `${shown.slice(0, longestBody).trimEnd()}\n…（以下省略）` : shown]
}

function showJson(text: string): string | undefined {
  try {
    return JSON.stringify(
      JSON.parse(text),
      (name, value) => (typeof value === 'string' ? hide(name, value) : value),
      2,
    )
  } catch {
    return undefined
  }
}

function showForm(text: string): string | undefined {
  if (!/^[\w.-]+=[^\s<>]*$/.test(text)) return undefined
  return [...new URLSearchParams(text)].map(([name, value]) => `${name}=${hide(name, value)}`).join('\n')
}

const meanings: readonly (readonly [RegExp, string])[] = [
  [/\/\.well-known\//, '認可サーバーの宛先と対応する機能を調べます（ディスカバリー。最初の一度だけ）'],
  [
    /code_challenge=.*[&]grant_id=/,
    '更新の認可リクエストを、銀行に直接預けます（PAR）。grant_id がどの連携かを、id_token_hint がどのお客様かを示します',
  ],
  [
    /code_challenge=/,
    '認可リクエストを、ブラウザーを通さず銀行に直接預けます（PAR）。銀行は引換番号 request_uri を返します',
  ],
  [
    /[?&]request_uri=/,
    'お客様のブラウザーを銀行へ送ります。URLに載るのは引換番号だけで、要求の中身は見えません',
  ],
  [/\/callback\/.*[?&]error=/, '銀行がお客様を、理由を示すエラーとともに戻します'],
  [/\/callback\//, '銀行がお客様を、1回だけ使える認可コードとともに戻します。state と iss を確かめます'],
  [
    /grant_type=authorization_code/,
    '認可コードをトークンと引き換えます。code_verifier（PKCE）が、始めた本人であることを示します',
  ],
  [
    /grant_type=refresh_token/,
    'リフレッシュトークンで、新しいアクセストークンを受け取ります。お客様の操作は要りません',
  ],
  [/\/jwks/, 'IDトークンの署名を確かめるため、銀行の公開鍵を受け取ります'],
  [/\/accounts$/, '許可された口座の一覧と、許可の終わる日を読みます'],
  [/\/balances/, '口座の残高を読みます（残高照会）'],
  [/\/transactions/, '口座の入出金明細を読みます（入出金明細照会）'],
]

function meaningOf(url: string, body: string): string {
  return meanings.find(([sign]) => sign.test(url) || sign.test(body))?.[1] ?? 'そのほかの通信です'
}
