/** The commands of the operator, in the order of the help. */
import { auditCommands } from './audit.ts'
import { backupCommands } from './backup.ts'
import { bankCommands } from './bank.ts'
import { clientCommands } from './clients.ts'
import type { Noun } from './command.ts'
import { consentCommands } from './consents.ts'
import { errorCommands } from './errors.ts'
import { keyCommands } from './keys.ts'
import { lockCommands } from './locks.ts'
import { migrateCommands } from './migrate.ts'
import { outboxCommands } from './outbox.ts'

export const nouns: Readonly<Record<string, Noun>> = {
  clients: clientCommands,
  consents: consentCommands,
  locks: lockCommands,
  keys: keyCommands,
  audit: auditCommands,
  outbox: outboxCommands,
  errors: errorCommands,
  backup: backupCommands,
  bank: bankCommands,
  migrate: migrateCommands,
}
