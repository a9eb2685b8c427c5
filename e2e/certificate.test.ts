/** 手順 1-1 for real: a Chromium with certificates in its own store, through the nginx and the HAProxy of deploy/, to the fintech. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Authority, issue, makeRoot } from '../src/demo/authority/authority.ts'
import { makeKeys } from '../src/demo/authority/keys.ts'
import { customerAuthority, customerSubject } from '../src/demo/authority/names.ts'
import { makePkcs12 } from '../src/demo/authority/pkcs12.ts'
import { type Proxy, startHaproxy, startNginx } from '../test/support/proxies.ts'
import { openPc, type Pc } from './certificate-store.ts'
import { type Customer, openBrowser } from './customer.ts'
import { type Demo, freePort, startDemo } from './demo.ts'

const secret = 'between-proxy-and-application'

/** A .p12 file with a certificate of mihon07 that this authority signs. */
async function p12Of(
  issuer: Authority,
  life: { from: number; until: number },
  name: string,
): Promise<string> {
  const keys = await makeKeys('ec-p256')
  const subject = customerSubject({
    loginId: 'mihon07',
    userName: '汐崎 渚',
    companyName: '株式会社しおさい水産',
  })
  const certificate = issue({ ...life, issuer, subject, keys, kind: 'customer' })
  const file = join(mkdtempSync(join(tmpdir(), 'ninka-p12-')), `${name}.p12`)
  writeFileSync(file, makePkcs12({ keys, certificate, chain: [], friendlyName: name, password: 'mihon' }))
  return file
}

/** The demo as an installation has it: behind a real proxy, which alone has TLS. */
async function startBehind(start: typeof startNginx, format: 'nginx' | 'rfc9440') {
  const dataDir = mkdtempSync(join(tmpdir(), 'ninka-e2e-'))
  const certificates = join(dataDir, 'certificates')
  const [main, certificate, fintech] = [await freePort(), await freePort(), await freePort()]
  execFileSync(process.execPath, ['src/main.ts', 'certificates'], {
    env: { PATH: process.env.PATH, DATA_DIR: dataDir },
  })
  const proxy = await start({
    upstreams: { main: [`127.0.0.1:${main}`], certificate: [`127.0.0.1:${certificate}`] },
    tls: { certFile: join(certificates, 'server.pem'), keyFile: join(certificates, 'server.key') },
    authoritiesFile: join(certificates, 'authorities.pem'),
    names: { main: 'localhost', certificate: 'cert.localhost' },
    secret,
  })
  writeFileSync(join(dataDir, 'secret'), secret)
  const demo = await startDemo({
    dataDir,
    ports: [main, fintech],
    environment: {
      PUBLIC_URL: `https://localhost:${proxy.port}`,
      CERTIFICATE_URL: `https://*.cert.localhost:${proxy.port}`,
      CERTIFICATE_PORT: String(certificate),
      CERTIFICATE_FORMAT: format,
      TRUSTED_PROXIES: '127.0.0.1',
      PROXY_SECRET_FILE: join(dataDir, 'secret'),
      NODE_EXTRA_CA_CERTS: join(certificates, 'root.pem'),
    },
  })
  return { demo, proxy, certificates }
}

describe('at the demo’s own TLS front, without any proxy', () => {
  it('the certificate that the README tells to import leads to balances', async () => {
    const demo = await startDemo()
    const folder = join(demo.dataDir, 'certificates')
    const pc = await openPc(join(folder, 'root.pem'))
    pc.install(join(folder, 'mihon07-good.p12'))
    const shiosai = await openBrowser(pc.chromium, demo)
    await shiosai.connectBank('みほん家計簿')
    await shiosai.showCertificate()
    await finish(shiosai)
    expect(shiosai.troubles).toEqual([])
    await pc.close()
    await demo.stop()
  })
})

const shiosaiSuisan = { user: '汐崎 渚', company: '株式会社しおさい水産', account: '3012643' }
const hamanasuShokai = { user: '浜梨 恵', company: '株式会社はまなす商会', account: '3015977' }

/** As this user, and at no page as the other one. */
async function finish(customer: Customer, who = shiosaiSuisan): Promise<void> {
  const other = who === shiosaiSuisan ? hamanasuShokai : shiosaiSuisan
  const shows = async (what: keyof typeof who): Promise<void> => {
    const text = await customer.text()
    expect(text).toContain(who[what])
    for (const one of Object.values(other)) expect(text).not.toContain(one)
  }
  expect(customer.step()).toBe('certificate-password')
  await shows('user')
  await customer.enterPassword()
  await customer.chooseServices('残高照会')
  await customer.skipPins()
  await shows('company')
  await customer.allow()
  await shows('account')
}

describe.each([
  { name: 'nginx', start: startNginx, format: 'nginx' },
  { name: 'HAProxy', start: startHaproxy, format: 'rfc9440' },
] as const)('behind $name', ({ name, start, format }) => {
  let demo: Demo
  let proxy: Proxy
  let certificates: string
  let pc: Pc
  let opened: Customer[]
  beforeAll(async () => {
    ;({ demo, proxy, certificates } = await startBehind(start, format))
    pc = await openPc(join(certificates, 'root.pem'))
  })
  // One PC for all: no window remembers what was chosen in another, and no certificate is left over.
  beforeEach(async () => {
    await demo.reset()
    opened = []
  })
  afterEach(async () => {
    pc.removeAll()
    await Promise.all(opened.map((customer) => customer.close()))
    expect(opened.flatMap(({ troubles }) => troubles)).toEqual([])
  })
  afterAll(async () => {
    await pc.close()
    await proxy.stop()
    await demo.stop()
  })

  const install = (file: string) => pc.install(join(certificates, `${file}.p12`))

  async function atSignIn(javaScript = true): Promise<Customer> {
    const shiosai = await openBrowser(pc.chromium, demo, { javaScript })
    opened.push(shiosai)
    await shiosai.connectBank('みほん家計簿')
    return shiosai
  }

  it.each([true, false])(
    'a good certificate leads to the fintech’s balances (JavaScript: %s)',
    async (javaScript) => {
      install('mihon07-good')
      const shiosai = await atSignIn(javaScript)
      await shiosai.showCertificate()
      await finish(shiosai)
      expect(proxy.logs()).not.toMatch(/ticket|code=/)
    },
  )

  it('another company’s certificate, shown where one was before, is that company’s and nobody else’s', async () => {
    install('mihon07-good')
    const customer = await atSignIn()
    await customer.showCertificate()
    expect(await customer.text()).toContain(shiosaiSuisan.user)
    await customer.press('別の証明書を使う')
    pc.removeAll()
    install('mihon11-good')
    await customer.showCertificate()
    await finish(customer, hamanasuShokai)
  })

  it('the browser remembers the choice for a host, “none” too, and a fresh host brings the question back', async () => {
    const shiosai = await atSignIn()
    const [, , uid = ''] = new URL(shiosai.page.url()).pathname.split('/')
    const same = `https://same.cert.localhost:${proxy.port}/certificate/${uid}`
    await shiosai.page.goto(same)
    expect(await shiosai.screen()).toBe('電子証明書を受け取れませんでした')
    install('mihon07-good')
    await shiosai.page.goto(same)
    expect(await shiosai.screen()).toBe('電子証明書を受け取れませんでした')
    await shiosai.showCertificate('証明書を選び直す')
    expect(shiosai.step()).toBe('certificate-password')
  })

  // The rest is the bank's and the browser's: both proxies pass every certificate on byte for byte (test/deploy/proxies).
  if (name === 'HAProxy') return

  it.each([
    ['none', undefined, '電子証明書を受け取れませんでした'],
    ['one that was revoked', 'mihon07-revoked', 'この電子証明書は失効しています'],
    ['one of no contract', 'not-tied', 'この電子証明書はご契約と結び付いていません'],
    // Chromium never offers it, so the customer reads what to do about a certificate that did not come.
    ['one that has expired', 'mihon07-expired', '電子証明書を受け取れませんでした'],
    ['one of another institution', 'foreign', '電子証明書を受け取れませんでした'],
  ])('%s is explained, and after a new try with a good one he finishes', async (_what, shown, title) => {
    if (shown) {
      install(shown)
      // That Chromium does not offer it says something only where it could.
      const file = new X509Certificate(readFileSync(join(certificates, `${shown}.pem`)))
      expect(pc.certificate(shown).fingerprint256).toBe(file.fingerprint256)
    }
    const shiosai = await atSignIn()
    await shiosai.showCertificate()
    expect(await shiosai.screen()).toBe(title)
    pc.removeAll()
    install('mihon07-good')
    await shiosai.showCertificate('証明書を選び直す')
    await finish(shiosai)
  })

  it('one of an authority that only calls itself like ours is refused by us, as no browser does', async () => {
    const life = { from: Date.now() - 3_600_000, until: Date.now() + 3_600_000 }
    const root = makeRoot({ ...life, name: customerAuthority, keys: await makeKeys('ec-p256') })
    pc.install(await p12Of(root, life, 'impostor'))
    const shiosai = await atSignIn()
    await shiosai.showCertificate()
    expect(await shiosai.screen()).toMatch(/の電子証明書ではありません$/)
    expect(await shiosai.text()).toContain('Mihon Demo Customer CA')
  })

  it('a certificate that the browser still remembers after its end is told with its date', async () => {
    const end = Date.now() + 7000
    const life = { from: Date.now() - 3_600_000, until: end }
    const privateKey = createPrivateKey(readFileSync(join(certificates, 'customer-authority.key')))
    const issuer = {
      certificate: new X509Certificate(readFileSync(join(certificates, 'customer-authority.pem'))),
      keys: { privateKey, publicKey: createPublicKey(privateKey) },
    }
    pc.install(await p12Of(issuer, life, 'short'))
    const shiosai = await atSignIn()
    const [, , uid = ''] = new URL(shiosai.page.url()).pathname.split('/')
    const same = `https://same.cert.localhost:${proxy.port}/certificate/${uid}`
    await shiosai.page.goto(same)
    expect(shiosai.step()).toBe('certificate-password')
    await shiosai.page.waitForTimeout(Math.max(0, end + 1500 - Date.now()))
    await shiosai.page.goto(same)
    expect(await shiosai.screen()).toBe('電子証明書の有効期限が切れています')
    pc.removeAll()
    install('mihon07-good')
    await shiosai.showCertificate('証明書を選び直す')
    await finish(shiosai)
  })
})
