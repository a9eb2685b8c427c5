/** The address of a PostgreSQL installation, as libpq reads it: one or several servers, one of which takes writes. */

import { seconds } from '../clock.ts'

export type PostgresAddress = {
  /** an address for each server, in the given order */
  readonly servers: readonly string[]
  /** a server that takes no writes is passed over */
  readonly onlyWritable: boolean
  /** statements are prepared once for each connection; a pooler that swaps connections under us may not bear that */
  readonly preparesStatements: boolean
  /** how long a statement may take, ms */
  readonly statementTime: number
  /** how long a connection may be in the making, or be waited for, ms */
  readonly connectionTime: number
}

const shape = /^(?<scheme>postgres(?:ql)?:\/\/)(?:(?<user>[^@/?#]*)@)?(?<hosts>[^@/?#]*)(?<rest>[/?].*)?$/

/**
 * @param url `postgres://user@host:5432,other:5432/database?target_session_attrs=read-write&sslmode=verify-full`
 * @param password of the user, where it stands in a file of its own
 * @throws Error when an option is not ours
 */
export function readPostgresAddress(url: string, password?: string): PostgresAddress {
  const { user = '', hosts = '', rest = '/' } = shape.exec(url)?.groups ?? {}
  const names = hosts.split(',')
  const servers = names.map((host) => {
    const address = `postgres://${user && `${user}@`}${host}${rest}`
    if (!URL.canParse(address)) throw new Error('DATABASE_URL: it is no address of a PostgreSQL database')
    const one = new URL(address)
    if (password !== undefined) one.password = encodeURIComponent(password)
    for (const name of ours) one.searchParams.delete(name)
    if (one.searchParams.has('sslmode')) one.searchParams.set('uselibpqcompat', 'true')
    return one.href
  })
  const { option, number } = optionsOf(rest)
  const target = option('target_session_attrs', ['any', 'read-write', 'primary'])
  option('sslmode', ['disable', 'require', 'verify-ca', 'verify-full'])
  return {
    servers,
    onlyWritable: target === undefined ? servers.length > 1 : target !== 'any',
    preparesStatements: option('prepared_statements', ['on', 'off']) !== 'off',
    statementTime: number('statement_timeout') ?? seconds(10),
    connectionTime: seconds(number('connect_timeout') ?? 5),
  }
}

/** Options that we see to ourselves. */
const ours = ['target_session_attrs', 'prepared_statements', 'statement_timeout', 'connect_timeout']

/** `prefer` and `allow` are not among the TLS modes: whoever stands between could talk us out of TLS. */
function optionsOf(rest: string) {
  const { searchParams } = new URL(rest, 'postgres://any')
  const option = (name: string, allowed: readonly string[]): string | undefined => {
    const value = searchParams.get(name) ?? undefined
    if (value !== undefined && !allowed.includes(value))
      throw new Error(`DATABASE_URL: ${name} must be one of ${allowed.join(', ')}`)
    return value
  }
  const number = (name: string): number | undefined => {
    const value = searchParams.get(name)
    if (value === null) return undefined
    if (!/^[1-9]\d{0,6}$/.test(value)) throw new Error(`DATABASE_URL: ${name} must be a whole number`)
    return Number(value)
  }
  return { option, number }
}
