/** Queries of the hot paths: their SQL is built once, not at every call, which costs more than most of them take to run. */
import { type Compilable, type CompiledQuery, PostgresAdapter, type QueryResult } from 'kysely'
import type { Database } from './open.ts'

type Value = string | number | null

class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/**
 * @param build the query with stand-ins for the values: it may pass them on, and must not look at them
 * @returns asks the query of a database or within a transaction
 */
export function prepared<Values extends Readonly<Record<string, Value>>, Row>(
  build: (db: Database, values: Values) => Compilable<Row>,
): (db: Database, values: Values) => Promise<QueryResult<Row>> {
  /** by dialect: a transaction shares the adapter of its database */
  const built = new WeakMap<object, CompiledQuery<Row>>()
  const standIns = new Proxy({} as Values, { get: (_, name) => new Placeholder(String(name)) })
  return (db, values) => {
    const { adapter } = db.getExecutor()
    let query = built.get(adapter)
    if (!query) {
      query = build(db, standIns).compile()
      built.set(adapter, query)
    }
    const parameters = query.parameters.map((one) => (one instanceof Placeholder ? values[one.name] : one))
    return db.executeQuery({ ...query, parameters })
  }
}

/** For the few statements whose words differ. */
export const isPostgres = (db: Database): boolean => db.getExecutor().adapter instanceof PostgresAdapter
