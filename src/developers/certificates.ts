/** The certificate with which a sandbox client can authenticate in the demo: one for all developers of this machine, from the demo's own authority. */
import { existsSync, readFileSync } from 'node:fs'

import type { FastifyInstance } from 'fastify'
import { fintechFiles, fintechSubject } from '../demo/fintech-certificates.ts'
import { base, type DeveloperParts } from './visit.ts'
import { type CertificateName, certificateNames } from './words.ts'

/** What the certificate's holder is called, as a registration for `tls_client_auth` says it. */
export const demoSubject = fintechSubject

export function certificateRoutes(app: FastifyInstance, { settings }: DeveloperParts): void {
  for (const name of certificateNames) {
    app.get(`${base}/certificates/${name}`, async (_request, reply) => {
      const file = fileOf(settings.dataDir, name)
      if (!existsSync(file)) return reply.callNotFound()
      return reply
        .type('application/x-pem-file')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(readFileSync(file))
    })
  }
}

export const hasCertificates = (dataDir: string): boolean => existsSync(fileOf(dataDir, 'fintech.pem'))

const fileOf = (dataDir: string, name: CertificateName): string => fintechFiles(dataDir)[name]
