/** The database that the settings name. */
import { readSecret } from '../secrets.ts'
import type { Settings } from '../settings.ts'
import { type Database, openDatabase } from './open.ts'

/** @throws Error as `openDatabase` does, and when there is no password in the file that should hold it */
export const openStore = ({
  databaseUrl,
  databasePasswordFile,
  databaseConnections: connections,
}: Settings): Promise<Database> =>
  openDatabase(databaseUrl, {
    connections,
    password: databasePasswordFile ? readSecret(databasePasswordFile) : undefined,
  })
