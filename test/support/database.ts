/** A database for a test: of the cluster in the projects that run on PostgreSQL, else SQLite in memory. */
import { inject } from 'vitest'
import { newDatabase } from './postgres.ts'

export async function emptyDatabase(): Promise<string> {
  const cluster = inject('postgres')
  return cluster ? newDatabase(cluster) : 'sqlite::memory:'
}

/** Where the application finds nothing but its tables. On SQLite it makes them itself, as quickly. */
export async function freshDatabase(): Promise<string> {
  const cluster = inject('postgres')
  return cluster ? newDatabase(cluster, { copiedFrom: 'with_tables' }) : 'sqlite::memory:'
}
