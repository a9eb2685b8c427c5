/**
 * Takes the pictures of the README, by hand: `node e2e/screens.ts [folder]`. Every screen of the journey on a phone,
 * named for its step, as the real program shows it at its usual addresses: no other demo may be running.
 */
import { readFileSync } from 'node:fs'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { type Customer, launchChromium, openBrowser, pin } from './customer.ts'
import { startDemo } from './demo.ts'
import { smallPng } from './small-png.ts'

const folder = process.argv[2] ?? join(import.meta.dirname, '..', 'docs', 'screens')
const mostBytes = 60_000

await mkdir(folder, { recursive: true })
const [demo, chromium] = await Promise.all([
  startDemo({ ports: [3000, 3001], environment: { CERTIFICATE_PORT: '3002' } }),
  launchChromium(),
])
try {
  await walk(await openBrowser(chromium, demo, { javaScript: false, width: 360 }))
  const phone = { width: 360 }
  await showCertificate(await openBrowser(chromium, demo, phone), 'mihon07-good', 'certificate-password')
  await showCertificate(await openBrowser(chromium, demo, phone), 'mihon07-expired', 'certificate-expired')
} finally {
  await chromium.close()
  await demo.stop()
}
for (const name of await readdir(folder)) {
  const { size } = await stat(join(folder, name))
  process.stdout.write(`${String(size).padStart(6)} ${name}${size > mostBytes ? '  too large' : ''}\n`)
}

async function walk(aoba: Customer): Promise<void> {
  await aoba.connectBank('みほん家計簿')
  await shoot(aoba, 'sign-in')
  await aoba.signIn('mihon03')
  await shoot(aoba, 'answer-challenge')
  await aoba.answerQuestion()
  await shoot(aoba, 'choose-services')
  await aoba.chooseServices('残高照会', '入出金明細照会')
  await shoot(aoba, 'register-pins')
  await aoba.registerPins({ 2000002: pin, 1111111: pin })
  await shoot(aoba, 'review-pins')
  await aoba.confirmPins()
  await shoot(aoba, 'give-consent')

  // The return page leads on at once, so its way on is blocked until it was seen.
  await aoba.page.route('**/authorize/**', (route) => route.abort('aborted'))
  await aoba.page.getByLabel('認可手続きを継続する').check()
  await aoba.press('許可')
  await shoot(aoba, 'return')
  await aoba.page.unroute('**/authorize/**')
  await aoba.page.getByRole('link', { name: 'みほん家計簿に戻る' }).click()
  await aoba.page.waitForURL('**/connections/**')
  await shoot(aoba, 'fintech')
}

/** This browser has no certificate, so the request that a browser with one would make is made for it. */
async function showCertificate(shiosai: Customer, name: string, screen: string): Promise<void> {
  await shiosai.connectBank('みほん家計簿')
  const [uid = ''] = new URL(shiosai.page.url()).pathname.split('/').slice(2)
  const file = (ending: string) => readFileSync(join(demo.dataDir, 'certificates', `${name}.${ending}`))
  const host = 'screens.cert.localhost'
  const location = await new Promise<string>((done, fail) => {
    const options = { host: '127.0.0.1', port: 3002, servername: host, headers: { host: `${host}:3002` } }
    get(
      {
        ...options,
        path: `/certificate/${uid}`,
        cert: file('pem'),
        key: file('key'),
        rejectUnauthorized: false,
      },
      (response) => done(response.resume().headers.location ?? ''),
    ).on('error', fail)
  })
  await shiosai.page.goto(location)
  await shoot(shiosai, screen)
}

/** Down to the end of the screen itself; what stands below is the same on every one. */
async function shoot({ page }: Customer, name: string): Promise<void> {
  const { y = 0, height = 0 } = (await page.getByRole('main').boundingBox()) ?? {}
  const picture = await page.screenshot({
    fullPage: true,
    clip: { x: 0, y: 0, width: 360, height: Math.ceil(y + height) },
  })
  await writeFile(join(folder, `${name}.png`), smallPng(picture))
}
