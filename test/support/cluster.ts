/** Vitest's set-up of the PostgreSQL projects: one cluster for the whole run. */
import type { TestProject } from 'vitest/node'
import { makeTables, startPostgres } from './postgres.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startPostgres()
  await makeTables(cluster.url)
  project.provide('postgres', cluster.url)
  return cluster.stop
}

declare module 'vitest' {
  interface ProvidedContext {
    /** address of a PostgreSQL cluster, in the projects that run on it */
    postgres?: string
  }
}
