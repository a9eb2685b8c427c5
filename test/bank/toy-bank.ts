/**
 * A bank's gateway as its engineer would write it from src/bank/openapi.yaml alone: plain Node, nothing of ours, everything
 * in memory. That it passes the contract shows that the document is enough.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

type Account = {
  id: string
  branchName: string
  branchCode: string
  kind: string
  number: string
  memo: string
  pin: string
  registered: boolean
  barred?: 'no-right'
}

type User = {
  id: string
  loginId: string
  password: string
  companyName: string
  userName: string
  method: 'password' | 'certificate'
  subject?: string
  state?: 'locked-by-bank' | 'password-expired' | 'first-login' | 'contract-closed' | 'may-not-connect'
  signals: string[]
  services?: string[]
  pinsDown?: true
  wrongTries: number
  accounts: Account[]
}

/** Every field of every call; what a call needs is looked at before it is carried out. */
type Body = Record<
  'loginId' | 'password' | 'subject' | 'issuer' | 'user' | 'customer' | 'journey' | 'question' | 'answer',
  string
> &
  Record<'account' | 'client' | 'from' | 'to' | 'limit' | 'query', string> & {
    after?: string
    pins: unknown
    accounts: unknown
  }
type Answer = { ok: true; value: unknown } | { ok: false; reason: string }

const issuer = 'CN=Mihon Demo Customer CA,O=Mihon Credit Union (demo),C=JP'
const yes = (value: unknown): Answer => ({ ok: true, value })
const no = (reason: string): Answer => ({ ok: false, reason })
const opaque = (text: string) => createHash('sha256').update(`toy ${text}`).digest('hex').slice(0, 20)

function account(
  owner: string,
  [branchName, branchCode, number]: [string, string, string],
  registered = false,
): Account {
  const id = opaque(`${owner} ${branchCode} ${number}`).replaceAll(/\d/g, 'x')
  return { id, branchName, branchCode, kind: '普通', number, memo: '', pin: '4649', registered }
}

function user(loginId: string, companyName: string, userName: string, rest: Partial<User> = {}): User {
  return {
    id: opaque(loginId),
    loginId,
    password: 'Tsubame2026',
    companyName,
    userName,
    method: 'password',
    signals: [],
    wrongTries: 0,
    accounts: [account(loginId, ['本店営業部', '100', '7000001'])],
    ...rest,
  }
}

const ofTheManual = (loginId: string) => [
  account(loginId, ['インターネット支店', '001', '2000002']),
  account(loginId, ['インターネット支店', '202', '1111111']),
  account(loginId, ['インターネット支店', '202', '2222222'], true),
]

const openUsers = () => [
  user('mihon01', '株式会社見本商店', '見本 太郎', { accounts: ofTheManual('mihon01') }),
  user('mihon03', '有限会社あおば金物店', '青葉 次郎', {
    signals: ['unusual-environment', 'full-moon'],
    accounts: ofTheManual('mihon03'),
  }),
  user('mihon04', '株式会社こだま運輸', '児玉 三枝', { state: 'locked-by-bank' }),
  user('mihon05', '合同会社つきみ設計', '月見 健', { state: 'password-expired' }),
  user('mihon07', '株式会社しおさい水産', '汐崎 渚', {
    method: 'certificate',
    subject: 'UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP',
  }),
  user('mihon08', '株式会社みなと印刷', '湊 和也', { state: 'may-not-connect' }),
  user('mihon13', '有限会社はじめて', '初音 一', { state: 'first-login' }),
  user('mihon14', '有限会社おわり', '終 二', { state: 'contract-closed' }),
  user('mihon15', '株式会社ひいらぎ建設', '柊 実', {
    accounts: [{ ...account('mihon15', ['豊洲支店', '456', '1012247'], true), barred: 'no-right' }],
  }),
  user('mihon16', '株式会社なずな食品', '七草 芹', {
    services: ['balances', 'a service of a later version'],
  }),
  user('mihon09', '有限会社かえで造園', '楓 誠', { pinsDown: true }),
  user('mihon10', '合同会社ほたる企画', '蛍川 光', { accounts: [] }),
]

/** Two bookings a day for the last 40 days. */
function bookings(today: string) {
  let balance = 500_000
  return Array.from({ length: 80 }, (_, n) => {
    const date = new Date(Date.parse(today) - (39 - Math.floor(n / 2)) * 86_400_000)
      .toISOString()
      .slice(0, 10)
    const isIn = n % 2 === 0
    balance += isIn ? 3000 : -1200
    return {
      date,
      valueDate: date,
      direction: isIn ? 'in' : 'out',
      amount: isIn ? '3000' : '1200',
      balance: String(balance),
      ...(isIn ? { remarks: 'ﾌﾘｺﾐ' } : {}),
      key: `b${n}`,
    }
  })
}

/**
 * @param sick may give another answer in place of the right one
 * @param crowd how many customers there are besides, `crowd0` and so on
 */
export async function openToyBank(
  today: () => string,
  {
    sick = (_path, answer) => answer,
    crowd = 0,
    tls,
  }: {
    sick?: (path: string, answer: Answer) => Answer
    crowd?: number
    tls?: ServerOptions & { cert: string; key: string; ca: string }
  } = {},
) {
  const users = openUsers()
  for (let n = 0; n < crowd; n += 1)
    users.push(
      user(`crowd${n}`, `株式会社${n}商店`, `見本 ${n}`, {
        signals: n % 3 === 0 ? ['unusual-environment'] : [],
        accounts: ofTheManual(`crowd${n}`),
      }),
    )
  const held = new Map<string, Set<string>>()
  const heldBy = ({ customer, journey }: Body) => `${customer} ${journey}`
  const find = (id: string) => users.find((one) => one.id === id)

  const enter = (known: User | undefined, password: string, method: User['method']): Answer => {
    if (!known || known.wrongTries >= 5 || known.password !== password) {
      if (known && known.password !== password) known.wrongTries += 1
      return no(known && known.password === password ? 'locked-by-bank' : 'wrong')
    }
    known.wrongTries = 0
    if (known.method !== method)
      return no(known.method === 'password' ? 'password-required' : 'certificate-required')
    if (known.state) return no(known.state)
    const { id, companyName, userName, signals, services } = known
    return yes({ id, companyName, userName, signals, services, noticed: 'a field of a later version' })
  }
  const own = (customer: string, account: string) =>
    find(customer)?.accounts.find(({ id, barred }) => id === account && !barred)
  const inquirable = (body: Body): Answer | undefined => {
    const found = own(body.customer, body.account)
    if (!found) return no('account-closed')
    return found.registered ? undefined : no('pin-not-registered')
  }
  const fold = (text: string) =>
    text
      .normalize('NFKC')
      .replaceAll(/\s/g, '')
      .replaceAll(/[ァ-ヶ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))

  const calls: Record<string, { needs: string[]; keyed?: true; go: (body: Body) => Answer }> = {
    health: { needs: [], go: () => yes('reached') },
    'sign-in': {
      needs: ['loginId', 'password'],
      keyed: true,
      go: (body) =>
        enter(
          users.find((one) => one.loginId === body.loginId),
          body.password,
          'password',
        ),
    },
    'identify-certificate': {
      needs: ['subject', 'issuer', 'serialNumber', 'fingerprint'],
      go(body) {
        const known = body.issuer === issuer ? users.find((one) => one.subject === body.subject) : undefined
        return known ? yes({ id: known.id, userName: known.userName }) : no('not-tied')
      },
    },
    'sign-in-with-certificate': {
      needs: ['user', 'password'],
      keyed: true,
      go: (body) => enter(find(body.user), body.password, 'certificate'),
    },
    question: { needs: ['customer', 'journey'], go: () => yes({ id: 'flower', text: '好きな花は何ですか' }) },
    answer: {
      needs: ['customer', 'journey', 'question', 'answer'],
      keyed: true,
      go: (body) =>
        find(body.customer) && body.question === 'flower' && fold(body.answer) === 'さくら'
          ? yes('right')
          : no('wrong'),
    },
    accounts: {
      needs: ['customer', 'journey'],
      go: (body) =>
        yes(
          (find(body.customer)?.accounts ?? []).map((told) => ({
            ...told,
            pin: undefined,
            held: held.get(heldBy(body))?.has(told.id) ?? false,
          })),
        ),
    },
    'hold-pins': {
      needs: ['customer', 'journey', 'pins'],
      keyed: true,
      go(body) {
        const owner = find(body.customer)
        if (owner?.pinsDown) return no('unavailable')
        const mine = held.get(heldBy(body)) ?? new Set()
        held.set(heldBy(body), mine)
        const rows = (body.pins as { account: string; pin: string }[]).map((row) => {
          const found = own(body.customer, row.account)
          if (!found) return { account: row.account, answer: 'unknown-account' }
          if (row.pin.normalize('NFKC') !== found.pin) return { account: row.account, answer: 'wrong' }
          mine.add(found.id)
          return { account: row.account, answer: 'held' }
        })
        return yes(rows)
      },
    },
    'commit-pins': {
      needs: ['customer', 'journey'],
      keyed: true,
      go(body) {
        for (const one of find(body.customer)?.accounts ?? [])
          if (held.get(heldBy(body))?.has(one.id)) one.registered = true
        held.delete(heldBy(body))
        return yes('committed')
      },
    },
    'release-pins': {
      needs: ['customer', 'journey'],
      keyed: true,
      go(body) {
        held.delete(heldBy(body))
        return yes('released')
      },
    },
    standing: {
      needs: ['customer', 'accounts'],
      go(body) {
        const known = find(body.customer)
        const accounts = (body.accounts as string[]).map((id) => {
          const found = own(body.customer, id)
          return { account: id, state: !found ? 'closed' : found.registered ? 'open' : 'pin-changed' }
        })
        const certificate = known?.method === 'certificate' ? 'valid' : 'none'
        const { services } = known ?? {}
        return yes({
          contract: known ? 'open' : 'closed',
          certificate,
          passwordResetAt: null,
          services,
          accounts,
        })
      },
    },
    'find-customers': {
      needs: ['query'],
      go({ query }) {
        const asked = query.trim()
        const found = users.filter(
          (one) =>
            asked !== '' &&
            ([one.id, one.loginId].includes(asked) ||
              one.companyName.includes(asked) ||
              one.accounts.some(({ number }) => number === asked)),
        )
        return yes(
          found.map(({ id, companyName, userName, loginId, method }) => ({
            id,
            companyName,
            userName,
            loginId: method === 'password' ? loginId : null,
          })),
        )
      },
    },
    balances: {
      needs: ['customer', 'account', 'client'],
      go(body) {
        const all = bookings(today())
        const before = (day: string) => all.findLast(({ date }) => date < day)?.balance ?? '500000'
        const balance = all.at(-1)?.balance
        const told = {
          balance,
          withdrawable: balance,
          previousDay: before(today()),
          previousMonth: before(`${today().slice(0, 7)}-01`),
        }
        return inquirable(body) ?? yes(told)
      },
    },
    transactions: {
      needs: ['customer', 'account', 'client', 'from', 'to', 'limit'],
      go(body) {
        const { from, to, after } = body
        const limit = Number(body.limit)
        const range = bookings(today()).filter(({ date }) => date >= from && date <= to)
        const start = after === undefined ? 0 : range.findIndex(({ key }) => key === after) + 1
        return (
          inquirable(body) ??
          yes({ transactions: range.slice(start, start + limit), more: range.length > start + limit })
        )
      },
    },
  }

  const answered = new Map<string, Answer>()
  const log: string[] = []
  async function respond(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const name = /^\/v1\/([a-z-]+)$/.exec(request.url ?? '')?.[1] ?? ''
    const call = request.method === 'POST' ? calls[name] : undefined
    if (!call) return { status: 404, body: { error: 'no such call' } }
    log.push(`${request.headers['x-correlation-id']?.toString()} ${request.url}`)
    const body = (await json(request).catch(() => undefined)) as Body | undefined
    if (typeof body !== 'object' || body === null || call.needs.some((field) => !(field in body)))
      return { status: 400, body: { error: 'not by the contract' } }
    const key = request.headers['idempotency-key']
    if (!call.keyed) return { status: 200, body: sick(name, call.go(body)) }
    if (typeof key !== 'string') return { status: 400, body: { error: 'Idempotency-Key is missing' } }
    const answer = answered.get(`${name} ${key}`) ?? sick(name, call.go(body))
    answered.set(`${name} ${key}`, answer)
    return { status: 200, body: answer }
  }

  const server = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true })
    : createServer()
  server.on('request', (request: IncomingMessage, response) => {
    void respond(request).then(({ status, body }) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `${tls ? 'https' : 'http'}://${tls ? 'localhost' : '127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    /** correlation number and address of every call */
    log,
    registeredOf: (loginId: string) =>
      users.find((one) => one.loginId === loginId)?.accounts.filter((one) => one.registered).length,
    /** how many accounts wait for commit or release */
    waiting: () => [...held.values()].reduce((sum, mine) => sum + mine.size, 0),
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
