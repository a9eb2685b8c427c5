/** The desk through the nginx of deploy/: a staff certificate opens it, forms pass, and nobody else sees more than a refusal. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCertificate } from '../../src/certificate/certificate.ts'
import { writeName } from '../../src/certificate/names.ts'
import { createVerifier } from '../../src/certificate/verify.ts'
import { currentStaff, readStaff } from '../../src/operator/desk/staff.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Authority, makeAuthority } from '../support/certificates.ts'
import { auditOf } from '../support/desk.ts'
import { type Proxy, startNginx } from '../support/proxies.ts'
import { type Asked, makeCertificates, request } from '../support/tls-client.ts'

const name = 'desk.ninka.localhost'
const secret = 'Kagi-0123_456789'
const silent = pino({ level: 'silent' })
const { clients, proxy: keys, authoritiesFile, remove } = makeCertificates()

let authority: Authority
let folder: string
let bank: TestBank
let proxy: Proxy

beforeAll(async () => {
  authority = await makeAuthority()
  folder = mkdtempSync(join(tmpdir(), 'ninka-staff-'))
  const file = join(folder, 'staff.json')
  const listed = readCertificate(authority.der('mihon07-good'))
  if (!listed) throw new Error('unreadable')
  const { authorities, revocation } = authority.rules
  const certificate = { subject: writeName(listed.subject), issuer: writeName(listed.issuer) }
  writeFileSync(
    file,
    JSON.stringify({
      certificates: { authorities, revocation },
      staff: [{ name: '花子', certificate, roles: ['reader'] }],
    }),
  )
  const staff = currentStaff(file, silent)
  const verifier = await createVerifier({
    rules: readStaff(file).rules,
    clock: () => Date.now(),
    log: silent,
  })
  const origin = { url: `https://${name}`, format: 'nginx', trustedProxies: ['127.0.0.1'], secret } as const
  bank = await startBank({ desk: { kind: 'certificate', origin, verifier, staff } })
  const { deskServer } = bank
  if (!deskServer) throw new Error('this bank has no desk')
  await deskServer.listen({ host: '127.0.0.1', port: 0 })
  const { port } = deskServer.server.address() as AddressInfo
  proxy = await startNginx({
    upstreams: { main: ['127.0.0.1:1'], certificate: ['127.0.0.1:1'] },
    authoritiesFile,
    tls: keys.ec,
    secret,
    desk: { upstreams: [`127.0.0.1:${port}`], authoritiesFile: authorities, name },
  })
})
afterAll(async () => {
  await proxy.stop()
  await bank.close()
  authority.remove()
  rmSync(folder, { recursive: true })
  remove()
})

const of = (file: string) => ({
  cert: readFileSync(join(authority.folder, `${file}.pem`), 'utf8'),
  key: readFileSync(join(authority.folder, `${file}.key`), 'utf8'),
})

async function ask(certificate: ReturnType<typeof of> | undefined, asked: Asked = {}) {
  const { status, body } = await request({ port: proxy.port, sni: name, certificate, ...asked })
  return { status, text: body }
}

describe('the desk behind nginx', () => {
  it('opens to a listed certificate, and takes its forms', async () => {
    const { status, text } = await ask(of('mihon07-good'))
    expect(status).toBe(200)
    expect(text).toContain('花子')
    const token = /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
    const searched = await ask(of('mihon07-good'), {
      method: 'POST',
      path: '/search',
      headers: [
        ['Origin', `https://${name}`],
        ['Content-Type', 'application/x-www-form-urlencoded'],
      ],
      body: new URLSearchParams({ _csrf: token, q: 'mihon01' }).toString(),
    })
    expect(searched.status).toBe(303)
  })

  it.each([
    ['without a certificate', () => undefined, 'certificate-missing'],
    ['with one that is not listed', () => of('mihon11-good'), 'not-listed'],
    ['with an expired one', () => of('mihon07-expired'), 'certificate-expired'],
    ['with a revoked one', () => of('mihon07-revoked'), 'certificate-revoked'],
    ['with one of another authority', () => clients.foreign, 'certificate-other-issuer'],
  ])('is closed %s, and the audit has why', async (_how, certificate, reason) => {
    const { status, text } = await ask(certificate())
    expect(status).toBe(403)
    expect(text).toContain('職員専用の画面です')
    expect((await auditOf(bank, 'staff-refused')).map((row) => row.reason)).toContain(reason)
  })

  it('takes no certificate that is only written into a header', async () => {
    const forged = encodeURIComponent(of('mihon07-good').cert)
    for (const header of ['X-SSL-Client-Cert', 'x_ssl_client_cert', 'Client-Cert']) {
      const { status, text } = await ask(undefined, { headers: [[header, forged]] })
      expect(status).toBe(403)
      expect(text).not.toContain('花子')
    }
  })
})
