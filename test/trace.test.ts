/** One trace for a request: whom we believe about it, in every line of the log, and as far as the bank. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newTrace, readTraceparent, traceparent, within } from '../src/trace.ts'
import { startBank, type TestBank } from './support/bank.ts'
import { openBrowser } from './support/browser.ts'
import { openGateway } from './support/served-bank.ts'
import { begin, signIn } from './support/walk.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = '00f067aa0ba902b7'

describe('a traceparent', () => {
  it('of version 00 is read, with its flags', () => {
    expect(readTraceparent(`00-${id}-${parent}-01`)).toEqual({ id, flags: '01' })
  })

  it.each([
    ['nothing', undefined],
    ['two of them', `00-${id}-${parent}-01, 00-${id}-${parent}-01`],
    ['another version', `01-${id}-${parent}-01`],
    ['something after it', `00-${id}-${parent}-01-x`],
    ['capital letters', `00-${id.toUpperCase()}-${parent}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${parent}-01`],
    ['a span of zeros', `00-${id}-${'0'.repeat(16)}-01`],
    ['a line break', `00-${id}-${parent}-01\n`],
  ])('is not read from %s', (_what, header) => {
    expect(readTraceparent(header)).toBeUndefined()
  })

  it('of ours names the trace, and another span for every call', () => {
    const trace = newTrace()
    const sent = within(trace, () => [traceparent(), traceparent()])
    expect(sent.map((one) => readTraceparent(one))).toEqual([trace, trace])
    expect(sent[0]).not.toBe(sent[1])
  })
})

describe('the trace of a request', () => {
  let gateway: Awaited<ReturnType<typeof openGateway>>
  let bank: TestBank
  beforeAll(async () => {
    gateway = await openGateway()
    bank = await startBank({
      environment: { TRUSTED_PROXIES: '10.1.0.0/16' },
      wrapBank: gateway.wrapBank,
      desk: { kind: 'demo', url: 'http://127.0.0.1:3004', members: [] },
    })
  })
  afterAll(async () => {
    await bank.close()
    await gateway.close()
  })

  type Line = { readonly event?: string; readonly trace?: string; readonly journey?: string }
  const linesSince = (from: number): Line[] => bank.logged.slice(from).map((line) => JSON.parse(line) as Line)
  const tracesSince = (from: number) => [...new Set(linesSince(from).map(({ trace }) => trace))]
  const headers = { traceparent: `00-${id}-${parent}-01` }

  it('is the one that a listed proxy names', async () => {
    const from = bank.logged.length
    await bank.server.inject({ url: '/help', headers, remoteAddress: '10.1.2.3' })
    expect(tracesSince(from)).toEqual([id])
  })

  it('is a new one for everybody else, whatever he sends', async () => {
    const from = bank.logged.length
    await bank.server.inject({ url: '/help', headers, remoteAddress: '203.0.113.9' })
    await bank.server.inject({ url: '/help', headers, remoteAddress: '203.0.113.9' })
    const traces = tracesSince(from)
    expect(traces).toHaveLength(2)
    expect(traces).not.toContain(id)
  })

  it('stands in the line of the desk’s requests too', async () => {
    const from = bank.logged.length
    await bank.deskServer?.inject({ url: '/sign-in', headers, remoteAddress: '10.1.2.3' })
    expect(linesSince(from)).toContainEqual(expect.objectContaining({ event: 'request', trace: id }))
  })

  it('is in every line that a form or a token request leads to, over a real connection', async () => {
    const origin = await bank.server.listen({ host: '127.0.0.1', port: 0 })
    for (const path of ['/token', '/journey/x/sign-in', '/api/accounts']) {
      const from = bank.logged.length
      const isApi = path.startsWith('/api')
      const body = isApi ? null : new URLSearchParams({ grant_type: 'x' })
      await (await fetch(origin + path, { method: isApi ? 'GET' : 'POST', body })).text()
      await expect.poll(() => linesSince(from).some(({ event }) => event === 'request')).toBe(true)
      expect(linesSince(from).length, path).toBeGreaterThan(1)
      expect(tracesSince(from), path).toEqual([expect.stringMatching(/^[\da-f]{32}$/)])
    }
  })

  it('reaches the bank, beside the number that the customer reads out', async () => {
    const walk = await begin(bank, { browser: openBrowser(bank) })
    const from = bank.logged.length
    await signIn(walk, 'mihon03')
    const line = linesSince(from).find(({ event }) => event === 'request')
    const call = gateway.heard.find(({ url }) => url === '/v1/sign-in')
    expect(readTraceparent(call?.traceparent)?.id).toBe(line?.trace)
    expect(call?.['x-correlation-id']).toBe(line?.journey)
  })
})
