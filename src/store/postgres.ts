/** A pool of PostgreSQL connections whose numbers are JavaScript numbers, and which never waits for ever. */
import pg from 'pg'
import { seconds } from '../clock.ts'

/** @param url `postgres://user:password@host:port/database`, further options as in libpq */
export function openPostgres(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: seconds(5),
    statement_timeout: seconds(10),
    idle_in_transaction_session_timeout: seconds(15),
    types: { getTypeParser },
  })
  // An idle connection that the server closed is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}

const bigint = 20

/** Times and counts fit a double exactly; as text they would compare wrongly. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === bigint) return Number
  return (pg.types.getTypeParser as (oid: number, format?: string) => (value: string) => unknown)(oid, format)
}
