/**
 * The bank slow, dead and flapping under many journeys: none is lost, nobody is locked out, no PIN is half registered, and the
 * token endpoint, which needs no bank, is as quick as ever. NINKA_TROUBLED_JOURNEYS=500 for the full size.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpBank, type HttpBank } from '../../src/bank/http/bank.ts'
import { dateInJapan } from '../../src/clock.ts'
import { createLog } from '../../src/log.ts'
import { openToyBank } from '../bank/toy-bank.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { openFintech } from '../support/fintech.ts'
import { openSickGateway, type SickGateway, type Sickness } from '../support/sick-gateway.ts'
import { allow, begin, comeBack, stepOf, walkToConsent } from '../support/walk.ts'

const atOnce = 6
/** a multiple of those */
const size = Math.ceil(Number(process.env.NINKA_TROUBLED_JOURNEYS ?? 60) / atOnce) * atOnce
/** ms; a machine that does much else at once answers late as well */
const patience = 60_000
const mostTries = 150
/** with the bank well, to compare with */
const sizeWell = size > 60 ? 120 : 2 * atOnce

let bank: TestBank
let toy: Awaited<ReturnType<typeof openToyBank>>
let gateway: SickGateway
let http: HttpBank

beforeAll(async () => {
  toy = await openToyBank(() => dateInJapan(Date.now()), { crowd: sizeWell + size + 1 })
  gateway = await openSickGateway(toy.url)
  gateway.delay = 1200
  http = createHttpBank({
    gateway: { url: gateway.url, tls: undefined },
    clock: () => Date.now(),
    log: createLog({ level: 'silent' }),
    timeout: 1000,
    limits: { opensFor: 100 },
  })
  bank = await startBank({ environment: { LOG_LEVEL: 'warn' }, wrapBank: () => http })
})
afterAll(async () => {
  await bank.close()
  await http.close()
  await gateway.close()
  await toy.close()
})

/** The bank as one of many customers and his fintech come to it: from another address now and then, so that no flood limit is tried. */
function bankAskedBy(n: number): TestBank {
  let requests = 0
  const inject = (asked: object) => {
    requests += 1
    const remoteAddress = `${10 + Math.floor(n / 250)}.${n % 250}.${Math.floor(requests / 20)}.7`
    return bank.server.inject({ ...asked, remoteAddress })
  }
  const server = new Proxy(bank.server, {
    get: (real, name, self) => (name === 'inject' ? inject : (Reflect.get(real, name, self) as unknown)),
  })
  return { ...bank, server }
}

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
    if (phase === 2) return n % 9 === 0 ? 'slow' : undefined
    return n % 7 === 0 ? kinds[Math.floor(n / 7) % kinds.length] : undefined
  }
}

/** As a patient customer: where the bank was away, the step again. */
async function patiently(n: number, refused: { count: number }) {
  const here = bankAskedBy(n)
  const walk = await begin(here, { browser: openBrowser(here), fintech: openFintech(here) })
  const loginId = `crowd${n}`
  const start = performance.now()
  for (let tries = 0; tries < mostTries || performance.now() - start < patience; tries += 1) {
    try {
      const page = await walkToConsent(walk, loginId)
      if (stepOf(page) === 'give-consent' && page.status === 200) {
        const after = await allow(walk)
        if (after.status !== 503) {
          const code = (await comeBack(walk)).searchParams.get('code') ?? ''
          return { ...walk, code }
        }
      }
    } catch {
      const { status, html } = walk.browser.page()
      if (status !== 503 || !html.includes('data-problem="bank-unavailable"'))
        throw new Error(`stranded: ${status}`)
    }
    refused.count += 1
    await new Promise((done) => setTimeout(done, 60))
    await walk.browser.get(walk.base)
  }
  throw new Error('the bank never answered')
}

describe(`${size} journeys with the bank in trouble`, () => {
  it('all arrive, and leave nothing behind but consents', { timeout: patience + size * 1500 }, async () => {
    let started = 0
    const { fintech, code, verifier } = await patiently(started, { count: 0 })
    const { body } = await fintech.exchange(code, verifier)
    const refresh = async () => {
      const start = performance.now()
      expect((await fintech.refresh(String(body.refresh_token))).status).toBe(200)
      return performance.now() - start
    }
    // A first call costs more than all later ones.
    for (let n = 0; n < 20; n += 1) await refresh()
    const run = async (count: number) => {
      const refused = { count: 0 }
      const codes: string[] = []
      const latencies: number[] = []
      let isOver = false
      const worker = async () => {
        for (let left = count / atOnce; left > 0; left -= 1) {
          started += 1
          codes.push((await patiently(started, refused)).code)
        }
      }
      const measure = async () => {
        while (!isOver) {
          latencies.push(await refresh())
          await new Promise((done) => setTimeout(done, 60))
        }
      }
      const measuring = measure()
      await Promise.all(Array.from({ length: atOnce }, worker)).finally(() => {
        isOver = true
      })
      await measuring
      return { codes, refused: refused.count, latency: median(latencies) }
    }
    // As much load with the bank well: the ratio is what the bank's trouble costs the token endpoint.
    const well = await run(sizeWell)
    gateway.suffers = trouble()
    const sick = await run(size)
    gateway.suffers = () => undefined

    expect(sick.refused).toBeGreaterThan(size / 10)
    expect(sick.codes.filter(Boolean)).toHaveLength(size)
    expect(new Set(sick.codes).size).toBe(size)
    expect(await bank.db.selectFrom('attempts').selectAll().where('failures', '>', 0).execute()).toEqual([])
    expect(toy.waiting()).toBe(0)
    // Whoever entered one whose answer was lost finds it marked 登録済み*, and may have entered another besides.
    for (let n = 0; n <= started; n += 1) expect([2, 3]).toContain(toy.registeredOf(`crowd${n}`))
    expect(await bank.db.selectFrom('held_pins').selectAll().execute()).toEqual([])
    const ratio = sick.latency / well.latency
    // For whoever runs it at full size.
    if (size > 60)
      console.info(
        `token endpoint: ${ratio.toFixed(2)} times as slow as with the bank well (${sick.latency.toFixed(1)} ms, ${well.latency.toFixed(1)} ms), ${sick.refused} dead ends`,
      )
    expect(ratio).toBeLessThan(3)
  })
})
