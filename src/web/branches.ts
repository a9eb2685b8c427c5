/** Very many accounts under their branches: a page folds them, because paging would lose what was typed. */

type Row = { readonly branchName: string; readonly branchCode: string }

export type Branch<One extends Row> = {
  /** 支店名（店番） */
  readonly title: string
  readonly accounts: readonly One[]
}

/** So many are still seen at a glance. */
const mostUnfolded = 10

/** The branches in the bank's order; none where the accounts are few enough to stand in one list. */
export const byBranch = <One extends Row>(accounts: readonly One[]): readonly Branch<One>[] =>
  accounts.length > mostUnfolded ? underBranches(accounts) : []

/** Two branches may share a name, so it is the 店番 that tells them apart. */
export function underBranches<One extends Row>(accounts: readonly One[]): readonly Branch<One>[] {
  return [...Map.groupBy(accounts, ({ branchCode }) => branchCode)].map(([code, ofBranch]) => ({
    title: `${ofBranch[0]?.branchName ?? ''}（${code}）`,
    accounts: ofBranch,
  }))
}
