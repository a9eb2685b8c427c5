/** Who the demo's customers are, by whatever they are looked up. */
import type { CustomerEntry } from '../port.ts'
import { subjectOf } from './certificate-names.ts'
import { demoCustomers } from './customers.ts'

export const byLoginId = new Map(demoCustomers.map((customer) => [customer.loginId, customer]))
export const byId = new Map(demoCustomers.map((customer) => [customer.id, customer]))
/** The whole name decides, never a part of its text. */
export const bySubject = new Map(
  demoCustomers
    .filter(({ signsInBy }) => signsInBy === 'certificate')
    .map((customer) => [subjectOf(customer), customer]),
)

/** For the desk: exact id, login ID or account number, or part of a company's name. */
export function entriesFor(query: string): readonly CustomerEntry[] {
  const asked = query.normalize('NFKC').trim()
  if (asked === '') return []
  return demoCustomers
    .filter(
      ({ id, loginId, companyName, accounts }) =>
        id === asked ||
        loginId === asked ||
        companyName.includes(asked) ||
        accounts.some(({ number }) => number === asked),
    )
    .slice(0, 20)
    .map(({ id, companyName, userName, loginId, signsInBy }) => ({
      id,
      companyName,
      userName,
      loginId: signsInBy === 'password' ? loginId : null,
    }))
}
