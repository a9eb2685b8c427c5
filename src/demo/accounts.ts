/** How a demo fintech reads the accounts that a token opens; part of the example in fintechs.ts. */
import * as client from 'openid-client'
import { z } from 'zod'

/** Yen as the API writes them: a string, so that no JSON parser rounds it. */
const yen = z.string().regex(/^-?\d+$/)

const accountsAnswer = z.object({
  consent: z.object({ number: z.string(), endsAt: z.iso.datetime({ offset: true }) }),
  baseDate: z.iso.date(),
  baseTime: z.string(),
  accounts: z.array(
    z.object({
      accountId: z.string(),
      branchCode: z.string(),
      branchName: z.string(),
      accountTypeName: z.string(),
      accountNumber: z.string(),
    }),
  ),
})

const balancesAnswer = z.object({ balance: yen })

const transactionsAnswer = z.object({
  transactions: z.array(
    z.object({
      transactionDate: z.iso.date(),
      /** 1 in, 2 out */
      transactionType: z.enum(['1', '2']),
      amount: yen,
      remarks: z.string().optional(),
    }),
  ),
})

const errorAnswer = z.object({ error: z.string(), error_description: z.string().optional() })

/** What the bank said about one account, or the error code with which it refused only this one. */
type Part<Value> = { readonly value: Value } | { readonly refused: string }

type Balances = z.infer<typeof balancesAnswer>
type Statement = z.infer<typeof transactionsAnswer>

/** `balances` or `statement` is absent where the customer did not allow it. */
export type AccountReading = z.infer<typeof accountsAnswer>['accounts'][number] & {
  readonly balances?: Part<Balances>
  readonly statement?: Part<Statement>
}

export type Reading = Omit<z.infer<typeof accountsAnswer>, 'accounts'> & {
  readonly accounts: readonly AccountReading[]
}

/** Thrown, as openid-client throws its own errors, so that one place turns all of them into words. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly description: string | undefined

  constructor(status: number, body: unknown) {
    super('the accounts API refused a call')
    const said = errorAnswer.safeParse(body)
    this.status = status
    this.code = said.data?.error ?? `HTTP ${status}`
    this.description = said.data?.error_description
  }
}

const mostAccounts = 10
const daysBack = 30

type ReadOptions = {
  readonly configuration: client.Configuration
  readonly issuer: string
  readonly accessToken: string
  /** as granted, which may be less than was asked */
  readonly scopes: readonly string[]
}

/**
 * Balance and last thirty days of the consent's accounts. One that the bank refuses does not hide the others.
 * @throws ApiError, an error of openid-client, or zod's where an answer has another shape
 */
export async function readAccounts({
  configuration,
  issuer,
  accessToken,
  scopes,
}: ReadOptions): Promise<Reading> {
  const { accounts, ...consent } = await get('', accountsAnswer)
  const from = new Date(Date.parse(consent.baseDate) - daysBack * 86_400_000).toISOString().slice(0, 10)
  const period = new URLSearchParams({ dateFrom: from, dateTo: consent.baseDate })
  const read: AccountReading[] = []
  // one after the other: a bank counts requests, and the record shows them in order
  for (const account of accounts.slice(0, mostAccounts)) {
    const path = `/${encodeURIComponent(account.accountId)}`
    read.push({
      ...account,
      ...(scopes.includes('balances') && { balances: await getPart(`${path}/balances`, balancesAnswer) }),
      ...(scopes.includes('transactions') && {
        statement: await getPart(`${path}/transactions?${period.toString()}`, transactionsAnswer),
      }),
    })
  }
  return { ...consent, accounts: read }

  async function getPart<Value>(path: string, schema: z.ZodType<Value>): Promise<Part<Value>> {
    try {
      return { value: await get(path, schema) }
    } catch (error) {
      // 401 is about the token, so about every account; above 500 the bank is in trouble
      if (error instanceof ApiError && error.status !== 401 && error.status < 500)
        return { refused: error.code }
      throw error
    }
  }

  async function get<Value>(path: string, schema: z.ZodType<Value>): Promise<Value> {
    const url = new URL(`${issuer}/api/accounts${path}`)
    const response = await client
      .fetchProtectedResource(configuration, accessToken, url, 'GET')
      .catch((error: unknown) => {
        if (error instanceof client.WWWAuthenticateChallengeError) return error.response
        throw error
      })
    const body: unknown = await response.json().catch(() => undefined)
    if (!response.ok) throw new ApiError(response.status, body)
    return schema.parse(body)
  }
}
