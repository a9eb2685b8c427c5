/** The pages for fintechs' developers: start, own sandbox client, try-it, samples. Only for the demo: whoever comes may register. */
import type { FastifyInstance } from 'fastify'
import { certificateRoutes } from './certificates.ts'
import { clientRoutes } from './client.ts'
import { consentRoutes } from './consents.ts'
import { errorRoutes } from './errors.ts'
import { registerRoutes } from './register.ts'
import { sampleRoutes } from './samples.ts'
import { signInRoutes } from './sign-in.ts'
import { startRoutes } from './start.ts'
import { tryRoutes } from './try.ts'
import type { DeveloperParts } from './visit.ts'

/** @throws Error in production, where clients are registered by the bank's staff alone */
export async function developersRoutes(app: FastifyInstance, parts: DeveloperParts): Promise<void> {
  if (parts.settings.mode !== 'demo') throw new Error('the developers’ pages do not exist in production')
  for (const routes of [
    startRoutes,
    registerRoutes,
    signInRoutes,
    clientRoutes,
    consentRoutes,
    errorRoutes,
    tryRoutes,
    sampleRoutes,
    certificateRoutes,
  ])
    routes(app, parts)
}
