/** 業務: what a fintech may be allowed, under the name of its OAuth scope. */

export const bankScopes = ['balances', 'transactions'] as const

export type BankScope = (typeof bankScopes)[number]
