/** `npm run gallery:shots [folder]`: a picture of every page of the gallery in a narrow and a wide window, to be looked at. */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Browser } from 'playwright'
import { addressOf, readMinato, samplesOfMinato } from '../../src/web/gallery.ts'
import { samples } from '../../src/web/samples.ts'
import { launchChromium } from '../customer.ts'
import { type Demo, startDemo } from '../demo.ts'

const folder = process.argv[2] ?? 'test-results/gallery'
const widths = [360, 1280]
const tabs = 2

let taken = 0
const [demo, chromium] = await Promise.all([startDemo(), launchChromium()])
try {
  const queue = [...samples, ...samplesOfMinato(readMinato())]
  await Promise.all(Array.from({ length: tabs }, () => shoot(queue, chromium, demo)))
} finally {
  await chromium.close()
  await demo.stop()
}
console.log(`${taken} pictures in ${folder}`)

async function shoot(
  queue: (typeof samples)[number][],
  browser: Browser,
  { publicUrl }: Demo,
): Promise<void> {
  const page = await browser.newPage()
  for (let sample = queue.shift(); sample; sample = queue.shift()) {
    const { name, language } = sample
    await page.goto(publicUrl + addressOf(name, language))
    for (const width of widths) {
      const path = join(folder, String(width), language, `${name.replaceAll('/', '-')}.png`)
      await mkdir(dirname(path), { recursive: true })
      await page.setViewportSize({ width, height: 780 })
      await page.screenshot({ path, fullPage: true })
      taken += 1
    }
  }
  await page.close()
}
