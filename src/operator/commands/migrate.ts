/** `ninka migrate`: what this version changes in the tables. The service does the same when it starts. */
import { migrate, pendingMigrations } from '../../store/open.ts'
import { done, type Noun, refused } from './command.ts'

export const migrateCommands: Noun = {
  summary: 'brings the tables of the database to this version',
  help: [
    'The service does this by itself when it starts. Do it by hand where the service’s database user',
    'may not change tables, or to know before a start what will be changed.',
  ],
  verbs: {
    show: {
      takes: [],
      summary: 'names the changes that this version brings; ends with 1 when there are any',
      examples: ['migrate show'],
      beforeMigration: true,
      async run({ db }) {
        const pending = await pendingMigrations(db)
        return pending.length === 0
          ? done('the database is at this version', { pending })
          : refused(['not applied yet:', ...pending], { pending })
      },
    },
    run: {
      takes: [],
      summary: 'applies them',
      examples: ['migrate run'],
      beforeMigration: true,
      async run({ db }) {
        const applied = await pendingMigrations(db)
        await migrate(db)
        return done(applied.length === 0 ? 'nothing to do' : ['applied:', ...applied], { applied })
      },
    },
  },
}
