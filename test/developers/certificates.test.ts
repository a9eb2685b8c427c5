/** The certificate that the developers' pages hand out opens the mTLS origin for a client registered for it, and nothing else does. */

import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CertificateOrigin } from '../../src/certificate/origin.ts'
import { createVerifier } from '../../src/certificate/verify.ts'
import { prepareDemoCertificates } from '../../src/demo/certificates.ts'
import {
  fintechFiles,
  fintechSubject,
  prepareFintechCertificates,
} from '../../src/demo/fintech-certificates.ts'
import { createLog } from '../../src/log.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { registerSandbox } from '../support/developers.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'ninka-fintech-certificates-'))
const clock = () => Date.now()
let bank: TestBank
let customer: X509Certificate

beforeAll(async () => {
  const rules = await prepareFintechCertificates({ dataDir, clock })
  const { folder } = await prepareDemoCertificates({
    folder: join(dataDir, 'certificates'),
    clock,
    hosts: ['localhost'],
  })
  customer = new X509Certificate(read(join(folder, 'mihon07-good.pem')))
  const origin: CertificateOrigin = {
    url: 'https://localhost:3003',
    format: 'rfc9440',
    trustedProxies: ['127.0.0.1'],
    secret: undefined,
  }
  const verifier = await createVerifier({ rules, clock, log: createLog({ level: 'silent' }) })
  bank = await startBank({ environment: { DATA_DIR: dataDir }, mutualTls: { origin, verifier } })
})
afterAll(async () => {
  await bank.close()
  rmSync(dataDir, { recursive: true })
})

const read = (file: string): string => readFileSync(file, 'utf8')
const download = async (name: string) =>
  (await bank.server.inject({ url: `/developers/certificates/${name}` })).body

/** What the client may ask of the engine with the certificate of this connection. */
const asks = async (client: string, certificate?: X509Certificate): Promise<number | undefined> => {
  const answer = await bank.mutualTlsServer?.inject({
    method: 'POST',
    url: '/introspect',
    headers: {
      host: 'localhost:3003',
      'content-type': 'application/x-www-form-urlencoded',
      ...(certificate ? { 'client-cert': `:${certificate.raw.toString('base64')}:` } : {}),
    },
    payload: `client_id=${client}&token=none`,
  })
  return answer?.statusCode
}

it('authenticates a client of its subject, and neither one of another nor whoever has a customer’s or none', async () => {
  const fields = { profile: 'fapi2', method: 'tls_client_auth', senderConstraint: 'mtls' }
  const { id } = await registerSandbox(bank, { ...fields, subject: fintechSubject })
  const { id: other } = await registerSandbox(bank, { ...fields, subject: 'CN=somebody,C=JP' })
  const downloaded = new X509Certificate(await download('fintech.pem'))
  expect(await asks(id, downloaded)).toBe(200)
  expect(await asks(other, downloaded)).toBe(401)
  expect(await asks(id, customer)).toBe(401)
  expect(await asks(id)).toBe(401)
})

it('is offered with its key, and with the root of the server to trust', async () => {
  expect(new X509Certificate(await download('root.pem')).subject).toContain('Mihon Demo Root CA')
  expect(await download('fintech.key')).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  const { body } = await bank.server.inject({ url: '/developers' })
  expect(body).toContain(fintechSubject)
})

it('stays over restarts', async () => {
  const before = await download('fintech.pem')
  await prepareFintechCertificates({ dataDir, clock })
  expect(await download('fintech.pem')).toBe(before)
  expect(read(fintechFiles(dataDir)['fintech.pem'])).toBe(before)
})
