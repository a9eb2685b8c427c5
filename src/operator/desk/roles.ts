/** What each member of the bank's staff may do at the desk: one table, read by the server at every request. */

/** reader looks, desk also stops connections and releases locks, registrar has the clients, auditor the audit trail. */
export const roles = ['reader', 'desk', 'registrar', 'auditor'] as const
export type Role = (typeof roles)[number]

/** A member of the staff, as the allow-list has him; the name is what the audit says. */
export type Member = { readonly name: string; readonly roles: readonly Role[] }

const looking = ['reader', 'desk', 'auditor'] as const
const acting = ['desk'] as const
const registering = ['registrar'] as const

/** Every address of the desk and to whom it is open. One that is not here cannot be served. */
export const openTo = {
  'GET /': roles,
  'POST /search': looking,
  'GET /found': looking,
  'GET /customers/:customer': looking,
  'POST /customers/:customer/release': acting,
  'POST /customers/:customer/stop-all': acting,
  'GET /consents/:number': looking,
  'POST /consents/:number/stop': acting,
  'POST /consents/:number/retry': acting,
  'GET /journeys/:number': looking,
  'GET /clients': roles,
  'GET /clients/:client': roles,
  'POST /clients/:client/suspend': registering,
  'POST /clients/:client/resume': registering,
  'POST /clients/:client/rotate-secret': registering,
  'POST /clients/:client/retry': registering,
  'GET /clients/:client/edit': registering,
  'POST /clients/:client/edit': registering,
  'GET /register-client': registering,
  'POST /register-client': registering,
  'GET /audit': ['auditor'],
} as const satisfies Readonly<Record<string, readonly Role[]>>

export type DeskAddress = keyof typeof openTo

/** @param address method and pattern of a route, such as `GET /clients/:client` */
export function mayOpen(member: Member, address: string): boolean {
  const open: readonly Role[] = Object.hasOwn(openTo, address) ? openTo[address as DeskAddress] : []
  return member.roles.some((role) => open.includes(role))
}
