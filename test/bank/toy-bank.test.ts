/** A bank built from the document alone keeps the contract, over certificates of both sides, and carries the whole journey. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createHttpBank } from '../../src/bank/http/bank.ts'
import { readGateway } from '../../src/bank/http/gateway.ts'
import { dateInJapan } from '../../src/clock.ts'
import { createLog } from '../../src/log.ts'
import { runCommand } from '../../src/operator/commands/run.ts'
import { startBank } from '../support/bank.ts'
import { authority, openWorkshop } from '../support/openssl.ts'
import { allow, begin, comeBack, walkToConsent } from '../support/walk.ts'
import { openHttpBank } from '../support/served-bank.ts'
import { openToyBank } from './toy-bank.ts'

const file = join(import.meta.dirname, '../../src/demo/test-customers.json')
const today = () => dateInJapan(Date.now())

const workshop = openWorkshop()
afterAll(() => workshop.remove())
let close: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const one of close.toReversed()) await one()
  close = []
})

async function check(url: string, ...more: string[]) {
  let out = ''
  let err = ''
  const status = await runCommand(['bank', 'check', '--url', url, '--customers', file, ...more], {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    user: undefined,
    clock: () => Date.now(),
    readFile: (path) => readFileSync(path, 'utf8'),
    open: () => {
      throw new Error('no installation is needed')
    },
  })
  return { status, out, err }
}

/** A gateway that lets in nobody without a certificate of its authority. */
async function openGuarded() {
  const root = workshop.issue({ subject: '/CN=Gateway CA', extensions: authority })
  const server = workshop.issue({
    subject: '/CN=localhost',
    issuer: root,
    extensions: ['subjectAltName=DNS:localhost'],
  })
  const client = workshop.issue({ subject: '/CN=ninka', issuer: root })
  const read = (path: string) => readFileSync(path, 'utf8')
  const tls = { cert: server.pem, key: read(server.key), ca: root.pem }
  const toy = await openToyBank(today, { tls })
  close.push(() => toy.close())
  return { toy, root, client }
}

describe('a bank written from openapi.yaml alone', () => {
  it('keeps the whole contract, over certificates of both sides', async () => {
    const { toy, root, client } = await openGuarded()
    const files = [
      '--certificate',
      client.certificate,
      '--key',
      client.key,
      '--authorities',
      root.certificate,
    ]
    const { status, out, err } = await check(toy.url, ...files, '--json')
    const all = JSON.parse(out) as { name: string; verdict: string }[]
    expect(all.filter(({ verdict }) => verdict !== 'passed')).toEqual([])
    expect(all.length).toBeGreaterThan(40)
    expect([status, err]).toEqual([0, ''])
    const { url } = toy
    const settings = { url, keyFile: client.key, authoritiesFile: root.certificate }
    expect(() => readGateway({ ...settings, certificateFile: root.certificate })).toThrow(
      'do not fit together',
    )
    const gateway = readGateway({ ...settings, certificateFile: undefined, keyFile: undefined })
    const stranger = createHttpBank({ gateway, clock: () => 0, log: createLog({ level: 'silent' }) })
    close.push(() => stranger.close())
    expect(await stranger.reach()).toEqual({ ok: false, reason: 'unavailable' })
  })

  it('hears in plain English where it does not, and no secret is printed', async () => {
    const toy = await openToyBank(today, {
      sick: (path, answer) => {
        if (path === 'release-pins') return { ok: true, value: 'done' }
        return path === 'identify-certificate' ? { ok: false, reason: 'wrong: Tsubame2026' } : answer
      },
    })
    close.push(() => toy.close())
    const { status, out, err } = await check(toy.url)
    expect(status).toBe(1)
    expect(err).toMatch(/^\d+ passed, \d+ failed, \d+ skipped\n$/)
    expect(out).toContain('passed   health answers')
    expect(out).toContain('failed   releasing forgets what is held, again and again, and registers nothing')
    expect(out).toMatch(
      /in +release-pins\n +expected +\{"ok":true,"value":"released"\}\n +got +.*unavailable.*\n +seen +releasePins: status 200, not by the contract at value/,
    )
    expect(out).toMatch(/skipped {2}a caller without the certificate is refused/)
    expect(out).not.toMatch(/Tsubame2026|さくら|\b4649\b/)
  })

  it('carries the whole journey, and its log has the number that the customer reads out', async () => {
    const toy = await openToyBank(today)
    const { bank: http } = openHttpBank(toy.url)
    const bank = await startBank({ wrapBank: () => http })
    close.push(
      () => toy.close(),
      () => http.close(),
      () => bank.close(),
    )
    const walk = await begin(bank)
    const page = await walkToConsent(walk, 'mihon03')
    expect(page.path).toContain('give-consent')
    const number = /<strong class="nowrap">([0-9A-Z]{4}-[0-9A-Z]{4})<\/strong>/.exec(page.html)?.[1] ?? 'none'
    for (const call of ['sign-in', 'answer', 'hold-pins']) expect(toy.log).toContain(`${number} /v1/${call}`)
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    const { body } = await walk.fintech.exchange(code, walk.verifier)
    const token = String(body.access_token)
    const { body: list } = await walk.fintech.api('/api/accounts', token)
    const { accounts } = list as { accounts: { accountId: string; accountNumber: string }[] }
    expect(accounts.map(({ accountNumber }) => accountNumber).toSorted()).toEqual(['2000002', '2222222'])
    const asked = `/api/accounts/${accounts[0]?.accountId}`
    expect((await walk.fintech.api(`${asked}/balances`, token)).status).toBe(200)
    const { status, body: told } = await walk.fintech.api(`${asked}/transactions`, token)
    expect([status, (told as { transactions?: unknown[] }).transactions?.length]).toEqual([200, 2])
    // As a word of its own: a trace has thirty-two digits, and any four may be among them.
    expect(bank.logged.concat(toy.log).join()).not.toMatch(/Tsubame2026|\b4649\b/)
  })
})
