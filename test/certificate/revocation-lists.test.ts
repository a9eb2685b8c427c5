/** Revocation lists: whose counts and when, and that no list of another kind, age or origin stands in for it. */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sign } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { readCertificate } from '../../src/certificate/certificate.ts'
import { type Der, elements, readDer, tags } from '../../src/certificate/der.ts'
import { writeDer } from '../../src/certificate/der-writing.ts'
import { readRevocationList } from '../../src/certificate/revocation-list.ts'
import { inspectRevocationLists } from '../../src/certificate/revocation-lists.ts'
import { inspectRevocation } from '../../src/certificate/verify.ts'
import { createLog } from '../../src/log.ts'
import {
  authority,
  client,
  type Entry,
  type Issued,
  openWorkshop,
  type WantedList,
} from '../support/openssl.ts'
import { type Judging, judging } from './judging.ts'

const day = 86_400_000
const minute = 60_000
const now = Date.now()
const revoked = 'revoked: listed'
const notKnown = 'revocation-unknown: lists'
const distributionPoint = 'crlDistributionPoints=URI:http://mihon.jp/part-1'

let workshop: ReturnType<typeof openWorkshop>
let root: Issued
let issuer: Issued
let good: Issued
let stolen: Issued
let authorities: string
const open: { stop: () => Promise<void> | void }[] = []

beforeAll(() => {
  workshop = openWorkshop()
  root = workshop.issue({ subject: '/CN=Root', extensions: authority })
  issuer = workshop.issue({ subject: '/CN=Customer CA', issuer: root, extensions: authority })
  good = workshop.issue({ subject: '/CN=good', issuer, extensions: [...client, distributionPoint] })
  stolen = workshop.issue({ subject: '/CN=stolen', issuer, extensions: [...client, distributionPoint] })
  authorities = workshop.pem(root, issuer)
})
afterEach(async () => {
  vi.useRealTimers()
  for (const one of open.splice(0)) await one.stop()
})
afterAll(() => workshop.remove())

/** With `stolen` on it, unless told otherwise. */
const list = (wanted: Partial<WantedList> = {}): Buffer =>
  workshop.list({ issuer, entries: [{ certificate: stolen, revoked: true }], ...wanted })
const listFile = (wanted: Partial<WantedList> = {}): string => workshop.file('list.crl', list(wanted))

async function judgingBy(
  sources: readonly string[],
  {
    whenUnknown = 'refuse' as 'refuse' | 'accept',
    refreshMinutes = 60,
    at = undefined as number | undefined,
  } = {},
): Promise<Judging> {
  const judged = await judging({
    authorities,
    revocation: { crl: { sources: [...sources], refreshMinutes, whenUnknown } },
    ...(at === undefined ? {} : { now: at }),
  })
  open.push(judged.verifier)
  return judged
}

/** What is said of `good` under lists that might not count. */
async function judgeBy(...lists: readonly Buffer[]): Promise<string> {
  const judged = await judgingBy(lists.map((one) => workshop.file('list.crl', one)))
  return judged.judge(good)
}
const problemOf = ({ verifier }: Judging) =>
  verifier.standing().map((one) => ('problem' in one ? one.problem : 'counts'))

describe('a list of the issuer', () => {
  it('refuses whom it names and nobody else, in DER and in PEM', async () => {
    const der = listFile()
    const pem = workshop.file('list.pem', workshop.run('crl', '-in', der, '-inform', 'DER', '-text'))
    for (const source of [der, pem]) {
      const { judge } = await judgingBy([source])
      expect(await judge(stolen)).toBe(revoked)
      expect(await judge(good)).toBe('ok')
    }
  })

  it('without a single entry is a list too', async () => {
    const { judge } = await judgingBy([listFile({ entries: [] })])
    expect(await judge(good)).toBe('ok')
  })

  it('is told with its dates', async () => {
    const source = listFile({ number: 7 })
    const { verifier } = await judgingBy([source])
    const [standing] = verifier.standing()
    expect(standing).toMatchObject({ source, issuer: 'CN=Customer CA', entries: 1 })
    expect(standing && 'nextUpdate' in standing && standing.nextUpdate - standing.thisUpdate).toBe(
      7 * day + minute,
    )
  })

  it('counts by the renewed certificate of the same authority', async () => {
    const renewed = workshop.issue({
      subject: '/CN=Customer CA',
      issuer: root,
      key: issuer,
      extensions: authority,
    })
    authorities = workshop.pem(root, renewed, issuer)
    const { judge } = await judgingBy([listFile()])
    expect(await judge(stolen)).toBe(revoked)
    expect(await judge(good)).toBe('ok')
    authorities = workshop.pem(root, issuer)
  })

  it('is one of several parts, each for the certificates that name it', async () => {
    const place = (number: number) => `URI:http://mihon.jp/part-${number}`
    const idp = (number: number) => [
      'issuingDistributionPoint=critical,@idp',
      '[idp]',
      `fullname=${place(number)}`,
    ]
    const extensions = [...client, `crlDistributionPoints=${place(2)}`]
    const second = workshop.issue({ subject: '/CN=second', issuer, extensions })
    const { judge } = await judgingBy([
      listFile({ extensions: idp(1) }),
      listFile({ extensions: idp(2), entries: [{ certificate: second, revoked: true }] }),
    ])
    expect(await judge(good)).toBe('ok')
    expect(await judge(stolen)).toBe(revoked)
    expect(await judge(second)).toBe(revoked)
  })

  it('counts from an authority of whose key nothing is said', async () => {
    const silent = workshop.issue({ subject: '/CN=Silent', extensions: authority.slice(0, 1) })
    authorities = workshop.pem(root, silent)
    expect(problemOf(await judgingBy([listFile({ issuer: silent })]))).toEqual(['counts'])
    authorities = workshop.pem(root, issuer)
  })

  it('may name users only, and may be the part that the certificate says it is in', async () => {
    const users = list({ extensions: ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyuser=TRUE'] })
    const part = list({
      extensions: ['issuingDistributionPoint=critical,@idp', '[idp]', 'fullname=URI:http://mihon.jp/part-1'],
    })
    expect(await judgeBy(users)).toBe('ok')
    expect(await judgeBy(part)).toBe('ok')
  })

  it.each([
    ['rsa-2048', []],
    ['rsa-2048', ['rsa_padding_mode:pss']],
    ['rsa-pss', []],
  ] as const)('counts as well of an authority with a key of %s %j', async (key, signature) => {
    const rsa = workshop.issue({ subject: '/CN=RSA', extensions: authority, key })
    const customer = workshop.issue({ subject: '/CN=x', issuer: rsa, extensions: client })
    const other = workshop.issue({ subject: '/CN=y', issuer: rsa, extensions: client })
    for (const digest of ['sha256', 'sha384', 'sha512']) {
      if (key === 'rsa-pss' && digest !== 'sha256') continue
      const file = listFile({
        issuer: rsa,
        entries: [{ certificate: customer, revoked: true }],
        signature,
        digest,
      })
      const { judge } = await judging({
        authorities: workshop.pem(rsa),
        revocation: { crl: { sources: [file], refreshMinutes: 60, whenUnknown: 'refuse' } },
      })
      expect(await judge(customer)).toBe(revoked)
      expect(await judge(other)).toBe('ok')
    }
  })
})

describe('a list does not count', () => {
  const idp = (...lines: readonly string[]) => ['issuingDistributionPoint=critical,@idp', '[idp]', ...lines]

  it.each<[string, Partial<WantedList>, string]>([
    ['that has ended', { thisUpdate: now - 9 * day, nextUpdate: now - minute }, 'stale'],
    ['from the future', { thisUpdate: now + 7 * minute }, 'from-the-future'],
    ['that adds to another (delta)', { extensions: ['deltaCRL=critical,DER:020101'] }, 'delta'],
    [
      'with a critical extension we never heard of',
      { extensions: ['1.2.3.4=critical,DER:0500'] },
      'critical-extension',
    ],
    ['of some reasons only', { extensions: idp('onlysomereasons=keyCompromise') }, 'partial'],
    ['of attribute certificates', { extensions: idp('onlyAA=TRUE') }, 'partial'],
    ['of users only and authorities only', { extensions: idp('onlyuser=TRUE', 'onlyCA=TRUE') }, 'partial'],
    ['that speaks for other issuers', { extensions: idp('indirectCRL=TRUE') }, 'partial'],
    [
      'of a part named relative to the issuer',
      { extensions: idp('relativename=rel', '[rel]', 'CN=1') },
      'partial',
    ],
    ['signed with SHA-1', { digest: 'sha1' }, 'weak-signature'],
  ])('%s', async (_, wanted, problem) => {
    const judged = await judgingBy([listFile(wanted)])
    expect(problemOf(judged)).toEqual([problem])
    expect(await judged.judge(good)).toBe(notKnown)
    expect(judged.events('revocation-list-unusable')).toMatchObject([{ problem }])
  })

  it('from a clock a little ahead of ours does', async () => {
    expect(await judgeBy(list({ thisUpdate: now + 3 * minute }))).toBe('ok')
  })

  it('by itself when it ends', async () => {
    const judged = await judgingBy([listFile({ nextUpdate: now + 10 * minute })])
    expect(await judged.judge(good)).toBe('ok')
    judged.at(now + 11 * minute)
    expect(await judged.judge(good)).toBe(notKnown)
    expect(problemOf(judged)).toEqual(['stale'])
  })

  it('about authorities, or about another part: not for this certificate', async () => {
    expect(await judgeBy(list({ extensions: idp('onlyCA=TRUE') }))).toBe(notKnown)
    expect(await judgeBy(list({ extensions: idp('fullname=URI:http://mihon.jp/part-2') }))).toBe(notKnown)
    const plain = workshop.issue({ subject: '/CN=plain', issuer, extensions: client })
    const { judge } = await judgingBy([listFile({ extensions: idp('fullname=URI:http://mihon.jp/part-1') })])
    expect(await judge(plain)).toBe(notKnown)
  })

  it('of another issuer', async () => {
    const judged = await judgingBy([listFile({ issuer: root })])
    expect(problemOf(judged)).toEqual(['counts'])
    expect(await judged.judge(stolen)).toBe(notKnown)
    const stranger = workshop.issue({ subject: '/CN=Stranger', extensions: authority })
    expect(problemOf(await judgingBy([listFile({ issuer: stranger })]))).toEqual(['unknown-issuer'])
  })

  it('of an authority with the same name or the same key only', async () => {
    const renamed = workshop.issue({ subject: '/CN=Alias', issuer: root, key: issuer, extensions: authority })
    const renewed = workshop.issue({ subject: '/CN=Customer CA', issuer: root, extensions: authority })
    authorities = workshop.pem(root, issuer, renamed, renewed)
    for (const other of [renamed, renewed]) {
      const judged = await judgingBy([listFile({ issuer: other, entries: [] })])
      expect(problemOf(judged)).toEqual(['counts'])
      expect(await judged.judge(good)).toBe(notKnown)
    }
    authorities = workshop.pem(root, issuer)
  })

  it('forged by an impostor with the name of the issuer', async () => {
    for (const key of ['P-256', 'rsa-2048'] as const) {
      const impostor = workshop.issue({ subject: '/CN=Customer CA', extensions: authority, key })
      const judged = await judgingBy([listFile({ issuer: impostor, entries: [] })])
      expect(problemOf(judged)).toEqual(['wrong-signature'])
      expect(await judged.judge(stolen)).toBe(notKnown)
    }
  })

  it('with any byte changed', async () => {
    const whole = list()
    const known = [root, issuer].flatMap(({ der }) => readCertificate(der) ?? [])
    expect(readRevocationList(whole, known, now)).toMatchObject({ ok: true })
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect(readRevocationList(changed, known, now), `byte ${at}`).toMatchObject({ ok: false })
    }
  })

  it('by an authority that may sign certificates only', async () => {
    const only = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
    const certificates = workshop.issue({ subject: '/CN=Certificates only', issuer: root, extensions: only })
    authorities = workshop.pem(root, certificates)
    expect(problemOf(await judgingBy([listFile({ issuer: certificates })]))).toEqual(['wrong-signature'])
    authorities = workshop.pem(root, issuer)
  })

  it('from a customer, signed with the key of his certificate', async () => {
    const judged = await judgingBy([listFile({ issuer: good, entries: [] })])
    expect(problemOf(judged)).toEqual(['unknown-issuer'])
  })

  it('that never ends', async () => {
    const endless = resign((fields) => fields.toSpliced(4, 1))
    expect(problemOf(await judgingBy([workshop.file('list.crl', endless)]))).toEqual(['no-next-update'])
  })

  it('with an entry that speaks of another issuer’s certificate', async () => {
    const extension = Buffer.from('300c300a0603551d1d0101ff0400', 'hex')
    const indirect = resign((fields) => {
      const [one] = elements(readDer(fields[5] ?? Buffer.alloc(0)))
      const [serial, time] = elements(one as Der)
      const changed = writeDer(tags.sequence, (serial as Der).whole, (time as Der).whole, extension)
      return fields.with(5, writeDer(tags.sequence, changed))
    })
    expect(problemOf(await judgingBy([workshop.file('list.crl', indirect)]))).toEqual(['critical-extension'])
  })

  it('that calls its signature by the name of another kind', async () => {
    const rsa = Buffer.from('300d06092a864886f70d01010b0500', 'hex')
    const named = resign((fields) => fields.with(1, rsa), rsa)
    expect(problemOf(await judgingBy([workshop.file('list.crl', named)]))).toEqual(['wrong-signature'])
  })

  it('of another version, with two signature algorithms or with a field too many', async () => {
    const other = resign((fields) => fields.with(0, writeDer(tags.integer, Buffer.from([2]))))
    const two = resign((fields) => fields.with(1, Buffer.from('300a06082a8648ce3d040303', 'hex')))
    const more = resign((fields) => [...fields, Buffer.from('0500', 'hex')])
    const outside = writeDer(
      tags.sequence,
      ...elements(readDer(list())).map(({ whole }) => whole),
      Buffer.from('0500', 'hex'),
    )
    for (const one of [other, two, more, outside]) {
      expect(problemOf(await judgingBy([workshop.file('list.crl', one)]))).toEqual(['unreadable'])
    }
  })

  it('that is no list, or several in one file', async () => {
    const pem = workshop.run('crl', '-in', listFile(), '-inform', 'DER').toString()
    for (const content of ['', 'no list', pem + pem, pem.slice(0, -40), root.pem]) {
      expect(problemOf(await judgingBy([workshop.file('list.crl', content)]))).toEqual(['unreadable'])
    }
  })

  it('that is not there', async () => {
    expect(problemOf(await judgingBy(['/nowhere/list.crl']))).toEqual(['no-such-file'])
  })

  /** A list with other fields (version, algorithm, issuer, thisUpdate, nextUpdate, entries), signed by the true issuer. */
  function resign(edit: (fields: readonly Buffer[]) => readonly Buffer[], named?: Buffer): Buffer {
    const [inner, algorithm] = elements(readDer(list())) as [Der, Der]
    const content = writeDer(tags.sequence, ...edit(elements(inner).map(({ whole }) => whole)))
    const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, issuer.privateKey)])
    return writeDer(tags.sequence, content, named ?? algorithm.whole, writeDer(tags.bitString, signature))
  }

  it('with other fields does, when they are the same', async () => {
    expect(await judgeBy(resign((fields) => fields))).toBe('ok')
  })
})

describe('where nothing is known', () => {
  it('the rule to accept lets a certificate in, and says so in the log', async () => {
    const judged = await judgingBy(['/nowhere/list.crl'], { whenUnknown: 'accept' })
    expect(await judged.judge(good)).toBe('ok')
    expect(judged.events('revocation-unknown-accepted')).toMatchObject([{ listed: 'unknown' }])
  })

  it('the rule to accept still refuses whom a list named that has ended', async () => {
    const judged = await judgingBy([listFile({ nextUpdate: now + 10 * minute })], { whenUnknown: 'accept' })
    judged.at(now + day)
    expect(await judged.judge(good)).toBe('ok')
    expect(await judged.judge(stolen)).toBe(revoked)
  })
})

describe('authorities of the path', () => {
  it('that are revoked take their customers with them', async () => {
    const byRoot = listFile({ issuer: root, entries: [{ certificate: issuer, revoked: true }] })
    const { judge } = await judgingBy([listFile(), byRoot])
    expect(await judge(good)).toBe('authority-unusable: authority-revoked')
  })

  it('also by a list about authorities only', async () => {
    const extensions = ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyCA=TRUE']
    const byRoot = listFile({ issuer: root, entries: [{ certificate: issuer, revoked: true }], extensions })
    const { judge } = await judgingBy([listFile(), byRoot])
    expect(await judge(good)).toBe('authority-unusable: authority-revoked')
  })

  it('need no list of their own', async () => {
    const { judge } = await judgingBy([listFile()], { whenUnknown: 'refuse' })
    expect(await judge(good)).toBe('ok')
  })
})

describe('fresh lists', () => {
  /** Lets `minutes` pass for the timers, and what is read from files be read. */
  async function pass(minutes: number): Promise<void> {
    vi.advanceTimersByTime(minutes * minute)
    await wait(30)
  }
  /** The timers are not the real ones; reading a file takes its real time. */
  async function eventually(check: () => Promise<void> | void, tries = 100): Promise<void> {
    try {
      await check()
    } catch (error) {
      if (tries === 0) throw error
      await wait(10)
      await eventually(check, tries - 1)
    }
  }
  const fakeTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const before = { entries: [] as readonly Entry[], number: 5, thisUpdate: now - 60 * minute }

  it('are loaded every so many minutes', async () => {
    fakeTimers()
    const source = listFile(before)
    const { judge } = await judgingBy([source], { refreshMinutes: 30 })
    expect(await judge(stolen)).toBe('ok')
    writeFileSync(source, list({ number: 6 }))
    await pass(29)
    expect(await judge(stolen)).toBe('ok')
    await pass(1)
    await eventually(async () => expect(await judge(stolen)).toBe(revoked))
  })

  it('are asked for when half of the time is over that one has left, so that its end is never waited for', async () => {
    fakeTimers()
    const source = listFile({ ...before, nextUpdate: now + 20 * minute })
    const judged = await judgingBy([source], { refreshMinutes: 1440, at: now })
    writeFileSync(source, list({ number: 6 }))
    await pass(9)
    expect(await judged.judge(stolen)).toBe('ok')
    judged.at(now + 10 * minute)
    await pass(1)
    await eventually(async () => expect(await judged.judge(stolen)).toBe(revoked))
  })

  it('are asked for every minute when one is about to end, and a minute after a failure', async () => {
    fakeTimers()
    const source = listFile({ ...before, nextUpdate: now + 90_000 })
    const judged = await judgingBy([source], { refreshMinutes: 1440, at: now })
    rmSync(source)
    await pass(0.9)
    expect(problemOf(judged)).toEqual(['counts'])
    await pass(0.1)
    await eventually(() => expect(problemOf(judged)).toEqual(['no-such-file']))
    writeFileSync(source, list({ number: 6 }))
    await pass(1)
    await eventually(() => expect(problemOf(judged)).toEqual(['counts']))
    expect(await judged.judge(stolen)).toBe(revoked)
  })

  it.each<[string, Partial<WantedList>]>([
    ['an older one', { thisUpdate: now - 90 * minute, number: 5 }],
    ['one with a lower number', { thisUpdate: now - minute, number: 4 }],
  ])('%s never replaces the one that is held', async (_, wanted) => {
    fakeTimers()
    const source = listFile({ number: 5, thisUpdate: now - 60 * minute })
    const judged = await judgingBy([source])
    writeFileSync(source, list({ ...wanted, entries: [] }))
    await pass(60)
    await eventually(() => expect(problemOf(judged)).toEqual(['older-than-held']))
    expect(await judged.judge(stolen)).toBe(revoked)
    expect(await judged.judge(good)).toBe('ok')
  })

  it('of two sources are the newer one, in either order', async () => {
    const old = listFile(before)
    const fresh = listFile({ number: 6 })
    for (const sources of [
      [old, fresh],
      [fresh, old],
    ]) {
      const { judge } = await judgingBy(sources)
      expect(await judge(stolen)).toBe(revoked)
    }
  })

  it('do not come after the end', async () => {
    fakeTimers()
    const source = listFile(before)
    const { judge, verifier } = await judgingBy([source], { refreshMinutes: 1 })
    await verifier.stop()
    copyFileSync(listFile({ number: 6 }), source)
    await pass(3)
    expect(await judge(stolen)).toBe('ok')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('do not keep a process alive', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout')
    await judgingBy([listFile()])
    const made = timer.mock.results.map(({ value }) => value as NodeJS.Timeout)
    expect(made.at(-1)?.hasRef()).toBe(false)
    timer.mockRestore()
  })
})

describe('over the network', () => {
  async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
    const server = createServer(listener)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    open.push({
      stop: () => {
        server.closeAllConnections()
        server.close()
      },
    })
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.crl?token=secret`, server }
  }

  it('a list counts like one of a file', async () => {
    const bytes = list()
    const { url } = await serve((_, response) => response.end(bytes))
    const { judge } = await judgingBy([url])
    expect(await judge(stolen)).toBe(revoked)
    expect(await judge(good)).toBe('ok')
  })

  it.each<[string, string, RequestListener]>([
    ['that breaks off', 'unreachable', (_, response) => response.write('0', () => response.destroy())],
    ['that answers with an error', 'status-500', (_, response) => response.writeHead(500).end()],
    ['that is not there any more', 'status-404', (_, response) => response.writeHead(404).end()],
    ['that says nothing', 'unreadable', (_, response) => response.end()],
    ['that sends more than 10 MB', 'too-large', (_, response) => response.end(Buffer.alloc(10_000_001))],
    [
      'that never ends',
      'too-large',
      (_, response) => {
        const more = () => response.write(Buffer.alloc(1_000_000), () => response.destroyed || more())
        more()
      },
    ],
  ])('a server %s', async (_, problem, listener) => {
    const { url } = await serve(listener)
    const judged = await judgingBy([url])
    expect(problemOf(judged)).toEqual([problem])
    expect(await judged.judge(good)).toBe(notKnown)
    expect(JSON.stringify(judged.lines)).not.toContain('secret')
  })

  it('a redirect is not followed', async () => {
    const inside = vi.fn<RequestListener>((_, response) => response.end(list()))
    const target = await serve(inside)
    const { url } = await serve((_, response) => response.writeHead(302, { location: target.url }).end())
    expect(problemOf(await judgingBy([url]))).toEqual(['status-302'])
    expect(inside).not.toHaveBeenCalled()
  })

  it('nobody listening keeps the server neither from starting nor from ending', async () => {
    const judged = await judgingBy(['http://127.0.0.1:1/list.crl'])
    expect(problemOf(judged)).toEqual(['unreachable'])
  })

  it('a server that never answers is left after ten seconds', async () => {
    const asked: number[] = []
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((after) => {
      asked.push(after)
      return AbortSignal.abort(new DOMException('late', 'TimeoutError'))
    })
    const { url } = await serve(() => {})
    expect(problemOf(await judgingBy([url]))).toEqual(['timeout'])
    expect(asked).toEqual([10_000])
    timeout.mockRestore()
  })

  it('the end does not wait for a server that never answers', async () => {
    let answers = true
    const { url } = await serve(
      (_, response) => void (answers && response.end(list({ nextUpdate: now + day }))),
    )
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const { verifier, lines } = await judgingBy([url], { refreshMinutes: 1 })
    answers = false
    vi.advanceTimersByTime(minute)
    await wait(50)
    const started = performance.now()
    await verifier.stop()
    expect(performance.now() - started).toBeLessThan(1000)
    expect(lines).toEqual([])
    const ours = timers.mock.calls.filter(([, delay]) => (delay ?? 0) >= minute)
    expect(ours).toHaveLength(1)
    timers.mockRestore()
  })
})

it('a look from the outside tells how each source stands, and leaves no timer behind', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const source = listFile()
  const { lists: standing, answers } = await inspectRevocation({
    rules: {
      authorities,
      noticeDays: 30,
      revocation: { crl: { sources: [source, '/nowhere'], refreshMinutes: 60, whenUnknown: 'refuse' } },
    },
    clock: () => now,
    log: createLog({ level: 'silent' }),
  })
  expect(standing).toMatchObject([
    { source, issuer: 'CN=Customer CA', entries: 1 },
    { source: '/nowhere', problem: 'no-such-file' },
  ])
  expect(answers).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

it('a defect of ours makes a list unreadable, and not the server stop', async () => {
  const lines: string[] = []
  const { standing } = await inspectRevocationLists({
    sources: [listFile()],
    authorities: { all: [undefined as never], paths: [], unusable: [] },
    clock: () => now,
    log: createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } }),
    fetch,
  })
  expect(standing()).toMatchObject([{ problem: 'unreadable' }])
  expect(lines[0]).toContain('revocation-list-failed')
})
