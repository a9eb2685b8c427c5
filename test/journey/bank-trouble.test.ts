/**
 * The bank slow, dead and flapping under many journeys: none is lost, nobody is locked out, no PIN is half registered, and the
 * token endpoint, which needs no bank, is as quick as ever. NINKA_TROUBLED_JOURNEYS=500 for the full size.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpBank, type HttpBank } from '../../src/bank/http/bank.ts'
import { createLog } from '../../src/log.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { openServedBank, type Served } from '../support/served-bank.ts'
import { openSickGateway, type SickGateway, type Sickness } from '../support/sick-gateway.ts'
import { allow, begin, comeBack, connect, stepOf, walkToConsent } from '../support/walk.ts'

const size = Number(process.env.NINKA_TROUBLED_JOURNEYS ?? 60)
const atOnce = 6

let bank: TestBank
let served: Served
let gateway: SickGateway
let http: HttpBank

beforeAll(async () => {
  // The bank behind the gateway is the simulator of this very installation; it is there once the application is.
  bank = await startBank({
    environment: { LOG_LEVEL: 'warn' },
    wrapBank: (simulator) =>
      new Proxy(simulator, {
        get: (real, name: keyof HttpBank) => (http ? http[name] : real[name as 'reach']),
      }),
  })
  served = await openServedBank(bank.simulator)
  gateway = await openSickGateway(served.url)
  gateway.delay = 400
  http = createHttpBank({
    gateway: { url: gateway.url, tls: undefined },
    clock: () => Date.now(),
    log: createLog({ level: 'silent' }),
    timeout: 300,
    limits: { opensFor: 100 },
  })
})
afterAll(async () => {
  await bank.close()
  await http.close()
  await gateway.close()
  await served.close()
})

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

/** Mostly well, then for a while dead or slow, then flapping. */
function trouble(): (path: string) => Sickness | undefined {
  const kinds = [
    'slow',
    'reset after',
    'reset before',
    '500',
    'half an answer',
    'a page',
    'delivered twice',
  ] as const
  let n = 0
  return () => {
    n += 1
    const phase = Math.floor(n / 40) % 4
    if (phase === 1 && n % 2 === 0) return '500'
    if (phase === 2) return n % 3 === 0 ? 'slow' : undefined
    return n % 7 === 0 ? kinds[Math.floor(n / 7) % kinds.length] : undefined
  }
}

/** As a patient customer: where the bank was away, the step again. */
async function patiently(loginId: string, refused: { count: number }): Promise<string> {
  const walk = await begin(bank, { browser: openBrowser(bank) })
  for (let tries = 0; tries < 40; tries += 1) {
    try {
      const page = await walkToConsent(walk, loginId)
      if (stepOf(page) === 'give-consent' && page.status === 200) {
        const after = await allow(walk)
        if (after.status !== 503) return (await comeBack(walk)).searchParams.get('code') ?? ''
      }
    } catch {
      const { status, html } = walk.browser.page()
      if (status !== 503 || !html.includes('data-problem="bank-unavailable"'))
        throw new Error(`stranded: ${status}`)
    }
    refused.count += 1
    await new Promise((done) => setTimeout(done, 30))
    await walk.browser.get(walk.base)
  }
  throw new Error('the bank never answered')
}

describe(`${size} journeys with the bank in trouble`, () => {
  it('all arrive, and leave nothing behind but consents', { timeout: 20_000 + size * 1000 }, async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const timed = async (count: number, pause: number): Promise<number> => {
      const times: number[] = []
      for (let n = 0; n < count; n += 1) {
        const start = performance.now()
        expect((await fintech.refresh(refresh)).status).toBe(200)
        times.push(performance.now() - start)
        await new Promise((done) => setTimeout(done, pause))
      }
      return median(times)
    }
    const run = async (count: number) => {
      const refused = { count: 0 }
      let left = count
      const codes: string[] = []
      const worker = async () => {
        while (left > 0) {
          left -= 1
          codes.push(await patiently(left % 3 === 0 ? 'mihon12' : 'mihon01', refused))
        }
      }
      let isOver = false
      const measuring = (async () => {
        const all: number[] = []
        while (!isOver) all.push(await timed(1, 10))
        return median(all)
      })()
      await Promise.all(Array.from({ length: atOnce }, worker))
      isOver = true
      return { codes, refused: refused.count, latency: await measuring }
    }
    // As much load with the bank well: the ratio is what the bank's trouble costs the token endpoint.
    const well = await run(Math.min(12, size))
    gateway.suffers = trouble()
    const sick = await run(size)
    gateway.suffers = () => undefined

    expect(well.refused).toBe(0)
    expect(sick.refused).toBeGreaterThan(size / 10)
    expect(sick.codes.filter(Boolean)).toHaveLength(size)
    expect(new Set(sick.codes).size).toBe(size)
    expect(await bank.db.selectFrom('attempts').selectAll().where('failures', '>', 0).execute()).toEqual([])
    expect(await bank.db.selectFrom('simulator_held_pins').selectAll().execute()).toEqual([])
    expect(await bank.db.selectFrom('held_pins').selectAll().execute()).toEqual([])
    const ratio = sick.latency / well.latency
    console.info(
      `token endpoint: ${well.latency.toFixed(1)} ms with the bank well, ${sick.latency.toFixed(1)} ms in trouble (${ratio.toFixed(2)})`,
    )
    expect(ratio).toBeLessThan(3)
  })
})
