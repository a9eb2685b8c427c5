/** What the demo fintechs' pages show: one function a view, from what we know to text for the template. */
import type { FastifyReply } from 'fastify'
import type { AccountReading } from './accounts.ts'
import type { BankEvent } from './events.ts'
import type { Fintech } from './discovery.ts'
import type { Connection } from './fintechs.ts'
import { type Trouble, troubleWords } from './trouble.ts'
import type { Wire } from './wire.ts'

const purposes = {
  'demo-kakeibo': {
    colour: 'green',
    purpose: '口座の残高と入出金を取り込み、毎月の家計を自動でまとめます。',
    english: 'Household budget',
  },
  'demo-kaikei': {
    colour: 'indigo',
    purpose: '口座の入出金明細を取り込み、会社の帳簿づけを楽にします。',
    english: 'Company accounting',
  },
} as const satisfies Record<Fintech['clientId'], unknown>

function brandOf({ clientId, serviceName, companyName }: Fintech) {
  return { clientId, serviceName, companyName, ...purposes[clientId] }
}

type Home = {
  readonly fintechs: readonly Fintech[]
  readonly connected: readonly string[]
  readonly bankUrl: string
  readonly wasReset: boolean
  /** the bank's notices are shown here */
  readonly mail: boolean
}

export function homePage({ fintechs, connected, bankUrl, wasReset, mail }: Home) {
  const cards = fintechs.map((fintech) => ({
    ...brandOf(fintech),
    connected: connected.includes(fintech.clientId),
  }))
  return { title: 'みほんサービス：銀行との連携デモ', brand: undefined, cards, bankUrl, wasReset, mail }
}

export function connectionPage(
  fintech: Fintech,
  { reading, trouble: last, wire, tokens }: Connection,
  events: readonly BankEvent[],
) {
  const end = events.find(({ type }) => type === 'consent-ended')
  const trouble: Trouble | undefined = end ? { kind: 'ended' } : last
  const ended = trouble?.kind === 'ended'
  const heading = ended ? troubleWords.ended.heading : '連携できました'
  return {
    title: `${heading}｜${fintech.serviceName}`,
    heading,
    brand: brandOf(fintech),
    trouble: trouble && explained(trouble),
    ended,
    events: events.map(({ id, type, consent, reason, at }) => ({
      id,
      consent,
      reason,
      at: dateTime(at),
      what: type === 'consent-ended' ? '連携が終わりました' : '1つの口座の共有が終わりました',
    })),
    // what was read under a consent that is over is not shown any longer
    consent:
      ended || !reading
        ? undefined
        : { number: reading.consent.number, end: dateTime(reading.consent.endsAt) },
    readAt: reading && `${day(reading.baseDate)} ${reading.baseTime.slice(0, 5)}`,
    accounts: ended || !reading ? [] : reading.accounts.map(accountOf),
    refreshable: !ended && tokens.refreshToken !== undefined,
    wire,
  }
}

type Dead = { readonly trouble: Trouble; readonly fintech?: Fintech; readonly wire?: Wire }

/** The dead-end page, with its status: what happened, and the way on. */
export function showTrouble(reply: FastifyReply, { trouble, fintech, wire = [] }: Dead): FastifyReply {
  const { heading } = troubleWords[trouble.kind]
  const title = `${heading}｜${fintech?.serviceName ?? '銀行との連携デモ'}`
  const again = trouble.kind === 'not-connected' ? '銀行と連携する' : 'もう一度、銀行と連携する'
  const data = {
    title,
    heading,
    brand: fintech && brandOf(fintech),
    trouble: explained(trouble),
    again,
    wire,
  }
  return reply.code(troubleWords[trouble.kind].status).view('demo/trouble', data)
}

function explained({ kind, code, description }: Trouble) {
  const { text, english } = troubleWords[kind]
  return { text, english, code, description }
}

const lastTransactions = 5

function accountOf({
  accountId,
  branchName,
  branchCode,
  accountTypeName,
  accountNumber,
  balances,
  statement,
}: AccountReading) {
  return {
    id: accountId,
    branch: `${branchName}（${branchCode}）`,
    kindAndNumber: `${accountTypeName} ${accountNumber}`,
    balance: balances && ('value' in balances ? { yen: yen(balances.value.balance) } : balances),
    statement:
      statement &&
      ('value' in statement
        ? {
            // the bank lists from old to new
            rows: statement.value.transactions
              .slice(-lastTransactions)
              .reverse()
              .map((row) => ({
                date: row.transactionDate,
                day: day(row.transactionDate),
                remarks: row.remarks ?? '－',
                direction: row.transactionType === '1' ? '入金' : '出金',
                yen: yen(row.amount),
              })),
          }
        : statement),
  }
}

const yen = (amount: string): string => `${BigInt(amount).toLocaleString('ja-JP')}円`

/** @param date `2026-11-22` */
const day = (date: string): string => `${Number(date.slice(5, 7))}月${Number(date.slice(8, 10))}日`

const inJapan = new Intl.DateTimeFormat('ja-JP', {
  timeZone: 'Asia/Tokyo',
  dateStyle: 'long',
  timeStyle: 'short',
})

const dateTime = (iso: string): string => inJapan.format(new Date(iso))
