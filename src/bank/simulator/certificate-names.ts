/** The names in the certificates of the demo bank's customers (RFC 4514): what the bank knows them by. */
import type { DemoCustomer } from './customers.ts'

/** The authority that issues certificates to customers. */
export const customerIssuer = 'CN=Mihon Demo Customer CA,O=Mihon Credit Union (demo),C=JP'

export const subjectOf = ({
  loginId,
  userName,
  companyName,
}: Pick<DemoCustomer, 'loginId' | 'userName' | 'companyName'>): string =>
  `UID=${loginId},CN=${userName},O=${companyName},C=JP`
