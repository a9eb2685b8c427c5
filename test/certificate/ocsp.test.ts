/** Asking an OCSP responder: who may answer, for what and for how long, and that nothing else passes for an answer. */
import { sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Certificate, readCertificate } from '../../src/certificate/certificate.ts'
import { type Der, elements, readDer, tags } from '../../src/certificate/der.ts'
import { writeDer } from '../../src/certificate/der-writing.ts'
import { createResponder } from '../../src/certificate/ocsp.ts'
import { createLog } from '../../src/log.ts'
import {
  authority,
  client,
  type Issued,
  openWorkshop,
  type Wanted,
  type WantedAnswers,
} from '../support/openssl.ts'
import { type Judging, judging } from './judging.ts'

const minute = 60_000
const day = 1440 * minute
const now = Date.now()
const revoked = 'revoked: answered'
const notKnown = 'revocation-unknown: responder'
const responderUse = ['keyUsage=digitalSignature', 'extendedKeyUsage=OCSPSigning']
const answerType = { 'content-type': 'application/ocsp-response' }

let workshop: ReturnType<typeof openWorkshop>
let root: Issued
let issuer: Issued
let good: Issued
let stolen: Issued
let delegate: Issued
const open: { stop: () => Promise<void> | void }[] = []

beforeAll(() => {
  workshop = openWorkshop()
  root = workshop.issue({ subject: '/CN=Root', extensions: authority })
  issuer = workshop.issue({ subject: '/CN=Customer CA', issuer: root, extensions: authority })
  good = workshop.issue({ subject: '/CN=good', issuer, extensions: client })
  stolen = workshop.issue({ subject: '/CN=stolen', issuer, extensions: client })
  delegate = workshop.issue({ subject: '/CN=Responder', issuer, extensions: responderUse })
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})
afterAll(() => workshop.remove())

const wanted = (more: Partial<WantedAnswers> = {}): WantedAnswers => ({
  issuer,
  entries: [{ certificate: good }, { certificate: stolen, revoked: true }],
  options: ['-nmin', '30'],
  ...more,
})

async function judgingAt(
  url: string,
  {
    whenUnknown = 'refuse' as 'refuse' | 'accept',
    cacheMinutes = 10,
    timeoutMs = 3000,
    lists = [] as readonly string[],
  } = {},
): Promise<Judging> {
  const judged = await judging({
    authorities: workshop.pem(root, issuer),
    revocation: {
      ocsp: { url, timeoutMs, cacheMinutes, whenUnknown },
      ...(lists.length > 0
        ? { crl: { sources: [...lists], refreshMinutes: 60, whenUnknown: 'accept' as const } }
        : {}),
    },
  })
  open.push(judged.verifier)
  return judged
}

type Answering = (
  question: Buffer,
  response: ServerResponse,
  request: IncomingMessage,
) => Promise<Buffer | undefined> | Buffer | undefined

/** A server whose answers are made by `answer`; it counts what it was asked. */
async function serve(answer: Answering): Promise<{ url: string; asked: readonly Buffer[] }> {
  const asked: Buffer[] = []
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const question = await buffer(request)
    asked.push(question)
    const bytes = await answer(question, response, request)
    if (bytes) response.writeHead(200, answerType).end(bytes)
  }
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  open.push({
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ocsp`, asked }
}

/** What is said of `good` when it is answered thus, and the problem that was logged. */
async function judgeBy(answer: Answering, options: Parameters<typeof judgingAt>[1] = {}): Promise<string> {
  const { url } = await serve(answer)
  const judged = await judgingAt(url, options)
  const said = await judged.judge(good)
  const problems = judged.events('ocsp-unknown').map(({ problem }) => problem)
  return [said, ...problems].join(', ')
}

describe('a real responder', () => {
  it('of the authority itself says who is good, revoked or not known', async () => {
    const { url, stop } = await workshop.responder(wanted())
    open.push({ stop })
    const judged = await judgingAt(url)
    expect(await judged.judge(good)).toBe('ok')
    expect(await judged.judge(stolen)).toBe(revoked)
    const stranger = workshop.issue({ subject: '/CN=not in its index', issuer, extensions: client })
    expect(await judged.judge(stranger)).toBe(notKnown)
    expect(judged.events('ocsp-unknown')).toMatchObject([{ problem: 'unknown-there' }])
  })

  it('that the authority appointed says the same', async () => {
    const { url, stop } = await workshop.responder(wanted({ signer: delegate }))
    open.push({ stop })
    const { judge } = await judgingAt(url)
    expect(await judge(good)).toBe('ok')
    expect(await judge(stolen)).toBe(revoked)
  })
})

describe('an answer counts', () => {
  const answered = (options: readonly string[], signer = issuer) =>
    judgeBy((question) => workshop.answer(question, wanted({ signer, options: ['-nmin', '30', ...options] })))

  it('that names its responder by his key', async () => {
    expect(await answered(['-resp_key_id'])).toBe('ok')
    expect(await answered(['-resp_key_id'], delegate)).toBe('ok')
  })

  it('of the authority without any certificate', async () => {
    expect(await answered(['-resp_no_certs'])).toBe('ok')
    expect(await answered(['-resp_no_certs'], delegate)).toBe(`${notKnown}, not-a-responder`)
  })

  it('without nextUpdate, when it is new', async () => {
    expect(await judgeBy((question) => workshop.answer(question, wanted({ options: [] })))).toBe('ok')
  })

  it('of a responder of whose key nothing is said', async () => {
    const silent = workshop.issue({ subject: '/CN=Silent', issuer, extensions: responderUse.slice(1) })
    expect(await answered([], silent)).toBe('ok')
  })

  it('that was made beforehand, without nonce (RFC 5019)', async () => {
    expect(await judgeBy(() => madeBefore(good))).toBe('ok')
  })
})

/** An answer to a question of openssl's. */
async function madeBefore(
  certificate: Issued,
  { nonce = false, options = ['-nmin', '30'] } = {},
): Promise<Buffer> {
  return workshop.answer(workshop.question(issuer, certificate, { nonce }), wanted({ options }))
}

describe('an answer does not count', () => {
  const answered = (more: Partial<WantedAnswers>) =>
    judgeBy((question) => workshop.answer(question, wanted(more)))
  const refused = (problem: string) => `${notKnown}, ${problem}`

  it('whose signature is not right', async () => {
    expect(await answered({ options: ['-badsig'] })).toBe(refused('wrong-signature'))
    expect(await answered({ options: ['-badsig'], signer: delegate })).toBe(refused('wrong-signature'))
  })

  it('whose signature is weak', async () => {
    expect(await answered({ options: ['-rmd', 'sha1'] })).toBe(refused('weak-signature'))
  })

  const appointed = (more: Partial<Wanted>) =>
    workshop.issue({ subject: '/CN=Responder', issuer, extensions: responderUse, ...more })
  it.each<[string, () => Issued]>([
    ['a customer of the same authority', () => good],
    ['one without the purpose', () => appointed({ extensions: ['keyUsage=digitalSignature'] })],
    ['one for any purpose', () => appointed({ extensions: ['extendedKeyUsage=anyExtendedKeyUsage'] })],
    [
      'one whose key is not for signing',
      () => appointed({ extensions: ['keyUsage=keyEncipherment', responderUse[1] ?? ''] }),
    ],
    ['one whose time has ended', () => appointed({ from: now - 9 * day, until: now - day })],
    ['one whose time has not begun', () => appointed({ from: now + day, until: now + 9 * day })],
    ['one with a weak key', () => appointed({ key: 'rsa-1024' })],
    ['one whose certificate is signed by SHA-1', () => appointed({ digest: 'sha1' })],
    [
      'one with a critical extension we never heard of',
      () => appointed({ extensions: [...responderUse, '1.2.3.4=critical,DER:0500'] }),
    ],
    ['one whom the root appointed', () => appointed({ issuer: root })],
    ['the root itself', () => root],
    [
      'one who appointed himself',
      () => workshop.issue({ subject: '/CN=Responder', extensions: responderUse }),
    ],
    [
      'an impostor with the authority’s name',
      () => workshop.issue({ subject: '/CN=Customer CA', extensions: [...authority, responderUse[1] ?? ''] }),
    ],
    [
      'one whom an authority with the same key and another name appointed',
      () =>
        appointed({
          issuer: workshop.issue({ subject: '/CN=Alias', issuer: root, key: issuer, extensions: authority }),
        }),
    ],
    [
      'one whom an impostor appointed',
      () => {
        const impostor = workshop.issue({ subject: '/CN=Customer CA', extensions: authority })
        return appointed({ issuer: impostor })
      },
    ],
  ])('that is signed by %s', async (who, make) => {
    const problem = who.startsWith('an impostor') ? 'wrong-signature' : 'not-a-responder'
    expect(await answered({ signer: make() })).toBe(refused(problem))
  })

  it('that is signed by a responder who is on the authority’s list', async () => {
    const lists = [
      workshop.file(
        'list.crl',
        workshop.list({ issuer, entries: [{ certificate: delegate, revoked: true }] }),
      ),
    ]
    const answer: Answering = (question) => workshop.answer(question, wanted({ signer: delegate }))
    expect(await judgeBy(answer, { lists })).toBe(refused('not-a-responder'))
    expect(await judgeBy((question) => workshop.answer(question, wanted()), { lists })).toBe('ok')
  })

  it('about another certificate', async () => {
    const other = workshop.issue({ subject: '/CN=other', issuer, extensions: client })
    const answer = await madeBefore(other, {})
    expect(await judgeBy(() => answer)).toBe(refused('another-certificate'))
  })

  it.each<[string, () => Issued]>([
    ['authority', () => root],
    [
      'name of the authority',
      () => workshop.issue({ subject: '/CN=Alias', issuer: root, key: issuer, extensions: authority }),
    ],
    [
      'key of the authority',
      () => workshop.issue({ subject: '/CN=Customer CA', issuer: root, extensions: authority }),
    ],
  ])('about a certificate of the same number and another %s', async (_, make) => {
    const other = make()
    const same = workshop.issue({ subject: '/CN=x', issuer: other, extensions: client, serial: good.serial })
    const question = workshop.question(other, same, { nonce: false })
    // The responder of our issuer is made to answer for another one.
    const answer = await workshop.answer(question, { ...wanted({ signer: issuer }), issuer: other })
    expect(await judgeBy(() => answer)).toBe(refused('another-certificate'))
  })

  it('to another question, shown again', async () => {
    const answer = await madeBefore(good, { nonce: true })
    expect(await judgeBy(() => answer)).toBe(refused('another-nonce'))
  })

  it('that has ended, shown again', async () => {
    const before = await madeBefore(good, { options: ['-nmin', '2'] })
    const judged = await judgingAt((await serve(() => before)).url)
    expect(await judged.judge(good)).toBe('ok')
    judged.at(Date.now() + 3 * minute)
    expect(await judged.judge(good)).toBe(notKnown)
    expect(judged.events('ocsp-unknown')).toMatchObject([{ problem: 'stale' }])
  })

  it('without nextUpdate, when it is older than answers are remembered', async () => {
    const before = await madeBefore(good, { options: [] })
    const judged = await judgingAt((await serve(() => before)).url, { cacheMinutes: 10 })
    judged.at(Date.now() + 14 * minute)
    expect(await judged.judge(good)).toBe('ok')
    judged.at(Date.now() + 26 * minute)
    expect(await judged.judge(good)).toBe(notKnown)
    expect(judged.events('ocsp-unknown')).toMatchObject([{ problem: 'stale' }])
  })

  it('from the future', async () => {
    const { url } = await serve((question) => workshop.answer(question, wanted()))
    const judged = await judgingAt(url)
    judged.at(Date.now() - 4 * minute)
    expect(await judged.judge(good)).toBe('ok')
    const again = await judgingAt(url)
    again.at(Date.now() - 6 * minute)
    expect(await again.judge(good)).toBe(notKnown)
    expect(again.events('ocsp-unknown')).toMatchObject([{ problem: 'from-the-future' }])
  })

  it('that says to come again later, or is none', async () => {
    expect(await judgeBy(() => Buffer.from('30030a0103', 'hex'))).toBe(refused('not-successful'))
    for (const bytes of ['', '3000', '30030a0100', '00']) {
      expect(await judgeBy(() => Buffer.from(bytes || 'ff', 'hex')), bytes).toBe(refused('unreadable'))
    }
  })

  describe('signed by the authority, but', () => {
    /** An answer with other contents (responder, time, answers, extensions), signed by the true issuer. */
    async function remade(
      edit: (contents: readonly Buffer[]) => readonly Buffer[],
      { nonce = false, type = '2b0601050507300101' } = {},
    ): Promise<Buffer> {
      const outer = elements(readDer(await madeBefore(good, { nonce })))
      const inner = elements(elements(outer[1] as Der, 0xa0)[0] as Der)
      const [data, algorithm] = elements(readDer((inner[1] as Der).content)) as [Der, Der]
      const content = writeDer(tags.sequence, ...edit(elements(data).map(({ whole }) => whole)))
      const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, issuer.privateKey)])
      const basic = writeDer(tags.sequence, content, algorithm.whole, writeDer(tags.bitString, signature))
      const typed = [
        writeDer(tags.objectIdentifier, Buffer.from(type, 'hex')),
        writeDer(tags.octetString, basic),
      ]
      return writeDer(
        tags.sequence,
        Buffer.from('0a0100', 'hex'),
        writeDer(0xa0, writeDer(tags.sequence, ...typed)),
      )
    }
    const strange = writeDer(tags.sequence, Buffer.from('300a06032a03040101ff0400', 'hex'))
    const single = (contents: readonly Buffer[]) =>
      elements(readDer(contents[2] ?? Buffer.alloc(0)))[0] as Der
    const answers = (...all: readonly Buffer[]) => writeDer(tags.sequence, ...all)

    it('remade without a change it counts', async () => {
      const same = await remade((contents) => contents)
      expect(await judgeBy(() => same)).toBe('ok')
    })

    it('with a critical extension we never heard of', async () => {
      const ofAll = await remade((contents) => [...contents.slice(0, 3), writeDer(0xa1, strange)])
      expect(await judgeBy(() => ofAll)).toBe(refused('critical-extension'))
      const ofOne = await remade((contents) => {
        const fields = elements(single(contents)).map(({ whole }) => whole)
        return contents.with(2, answers(writeDer(tags.sequence, ...fields, writeDer(0xa1, strange))))
      })
      expect(await judgeBy(() => ofOne)).toBe(refused('critical-extension'))
    })

    it('with two answers about one certificate, or none', async () => {
      const twice = await remade((contents) =>
        contents.with(2, answers(single(contents).whole, single(contents).whole)),
      )
      expect(await judgeBy(() => twice)).toBe(refused('another-certificate'))
      const none = await remade((contents) => contents.with(2, answers()))
      expect(await judgeBy(() => none)).toBe(refused('another-certificate'))
    })

    it('in the name of another', async () => {
      const other = await remade((contents) =>
        contents.with(0, writeDer(0xa1, readCertificate(root.der)?.subject.der ?? Buffer.alloc(0))),
      )
      expect(await judgeBy(() => other)).toBe(refused('not-a-responder'))
    })

    it('of another version, kind or status', async () => {
      const version = await remade((contents) => [Buffer.from('a003020101', 'hex'), ...contents])
      const kind = await remade((contents) => contents, { type: '2b0601050507300102' })
      const status = await remade((contents) => {
        const fields = elements(single(contents)).map(({ whole }) => whole)
        return contents.with(
          2,
          answers(writeDer(tags.sequence, ...fields.with(1, Buffer.from('8300', 'hex')))),
        )
      })
      for (const one of [version, kind, status]) expect(await judgeBy(() => one)).toBe(refused('unreadable'))
    })

    it('under another hash than we asked by', async () => {
      const other = await remade((contents) => {
        const [id, ...fields] = elements(single(contents)) as [Der, ...Der[]]
        const [, ...hashes] = elements(id)
        const sha256 = Buffer.from('300b0609608648016503040201', 'hex')
        const changed = writeDer(tags.sequence, sha256, ...hashes.map(({ whole }) => whole))
        return contents.with(
          2,
          answers(writeDer(tags.sequence, changed, ...fields.map(({ whole }) => whole))),
        )
      })
      expect(await judgeBy(() => other)).toBe(refused('another-certificate'))
    })
  })

  it('with any byte changed', async () => {
    const answer = await madeBefore(good, { options: ['-nmin', '30', '-resp_no_certs'] })
    let change = (bytes: Buffer): Buffer => bytes
    const fetch = async () => new Response(new Uint8Array(change(answer)), { headers: answerType })
    const { responder, leaf, by } = asking({ fetch })
    expect(await responder.status(leaf, by)).toBe('good')
    for (let at = 0; at < answer.length; at++) {
      change = (bytes) => bytes.with(at, (bytes[at] ?? 0) ^ (1 << (at % 8))) as Buffer
      expect(await responder.status(leaf, by), `byte ${at}`).toBe('unknown')
    }
  })
})

describe('the question', () => {
  it('is a POST about this certificate, with a nonce of 32 bytes that is new each time', async () => {
    const requests: IncomingMessage[] = []
    const { url, asked } = await serve((question, _, request) => {
      requests.push(request)
      return workshop.answer(question, wanted())
    })
    const { judge } = await judgingAt(url, { cacheMinutes: 0 })
    await judge(good)
    await judge(good)
    expect(requests.map(({ method, headers }) => [method, headers['content-type'], headers.accept])).toEqual(
      Array(2).fill(['POST', 'application/ocsp-request', 'application/ocsp-response']),
    )
    const [first, second] = asked.map((question) =>
      workshop.run('ocsp', '-reqin', workshop.file('question.der', question), '-req_text').toString(),
    )
    expect(first).toContain('Hash Algorithm: sha1')
    expect(first).toContain(`Serial Number: ${good.serial}`)
    expect(first).toMatch(/OCSP Nonce: \s*0420[0-9A-F]{64}\s/)
    expect(first).not.toBe(second)
  })

  it('never goes to an address that the certificate names', async () => {
    const { url, asked } = await serve((question) => workshop.answer(question, wanted()))
    const { url: other, asked: inside } = await serve(() => Buffer.alloc(0))
    const extensions = [...client, `authorityInfoAccess=OCSP;URI:${other}`]
    const leading = workshop.issue({ subject: '/CN=x', issuer, extensions, serial: '0123456789' })
    await (await judgingAt(url)).judge(leading)
    expect([asked.length, inside.length]).toEqual([1, 0])
  })

  it('is not asked about a certificate that does not count anyway', async () => {
    const { url, asked } = await serve((question) => workshop.answer(question, wanted()))
    const { judge } = await judgingAt(url)
    await judge(workshop.issue({ subject: '/CN=x', issuer, extensions: ['extendedKeyUsage=serverAuth'] }))
    await judge(
      workshop.issue({ subject: '/CN=x', issuer, extensions: client, from: now - 9 * day, until: now - day }),
    )
    await judge(workshop.issue({ subject: '/CN=x', extensions: client }))
    expect(asked.length).toBe(0)
  })
})

describe('a responder that', () => {
  const refused = (problem: string) => `${notKnown}, ${problem}`

  it('never answers is left after the configured time', async () => {
    const started = performance.now()
    expect(await judgeBy(() => undefined, { timeoutMs: 100 })).toBe(refused('timeout'))
    expect(performance.now() - started).toBeLessThan(1500)
  })

  it('never ends its answer likewise', async () => {
    const answer: Answering = (_, response) => void response.writeHead(200, answerType).write('0')
    expect(await judgeBy(answer, { timeoutMs: 100 })).toBe(refused('timeout'))
  })

  it('is not there, or answers something else', async () => {
    const judged = await judgingAt('http://127.0.0.1:1/')
    expect(await judged.judge(good)).toBe(notKnown)
    expect(await judgeBy((_, response) => void response.writeHead(500).end())).toBe(refused('status-500'))
    const html: Answering = async (question, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(await workshop.answer(question, wanted()))
      return undefined
    }
    expect(await judgeBy(html)).toBe(refused('content-type'))
    expect(await judgeBy(() => Buffer.alloc(64_001))).toBe(refused('too-large'))
  })

  it('leads elsewhere is not followed', async () => {
    const { url, asked } = await serve((question) => workshop.answer(question, wanted()))
    const leading: Answering = (_, response) => void response.writeHead(307, { location: url }).end()
    expect(await judgeBy(leading)).toBe(refused('status-307'))
    expect(asked.length).toBe(0)
  })

  it('is of no help does not matter where the rule is to accept', async () => {
    const { url } = await serve((_, response) => void response.writeHead(500).end())
    const judged = await judgingAt(url, { whenUnknown: 'accept' })
    expect(await judged.judge(good)).toBe('ok')
    expect(judged.events('revocation-unknown-accepted')).toMatchObject([{ answered: 'unknown' }])
  })

  it('says revoked is heard also where the rule is to accept', async () => {
    const { url } = await serve((question) => workshop.answer(question, wanted()))
    expect(await (await judgingAt(url, { whenUnknown: 'accept' })).judge(stolen)).toBe(revoked)
  })

  it('hangs does not hold up the end', async () => {
    const { url, asked } = await serve(() => undefined)
    const { judge, verifier } = await judgingAt(url, { timeoutMs: 10_000 })
    const waiting = judge(good)
    await vi.waitFor(() => expect(asked.length).toBe(1))
    const started = performance.now()
    await verifier.stop()
    expect(await waiting).toBe(notKnown)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

it('a defect of ours is not taken for an answer', async () => {
  const question = workshop.question(issuer, good, { nonce: false })
  const answer = await workshop.answer(question, wanted({ signer: delegate }))
  const fetch = async () => new Response(new Uint8Array(answer), { headers: answerType })
  const isRevoked = () => {
    throw new TypeError('ours')
  }
  const { responder, leaf, by } = asking({ fetch, isRevoked })
  expect(await responder.status(leaf, by)).toBe('unknown')
})

describe('an answer is remembered', () => {
  it('for the configured time, good or revoked, for each certificate', async () => {
    const { url, asked } = await serve((question) => workshop.answer(question, wanted()))
    const { judge, at } = await judgingAt(url, { cacheMinutes: 10 })
    const said = async () => [await judge(good), await judge(stolen)]
    const started = Date.now()
    at(started)
    expect(await said()).toEqual(['ok', revoked])
    at(started + 9 * minute)
    expect(await said()).toEqual(['ok', revoked])
    expect(asked.length).toBe(2)
    at(started + 10 * minute)
    expect(await said()).toEqual(['ok', revoked])
    expect(asked.length).toBe(4)
  })

  it('never beyond its own end', async () => {
    const { url, asked } = await serve((question) =>
      workshop.answer(question, wanted({ options: ['-nmin', '2'] })),
    )
    const { judge, at } = await judgingAt(url, { cacheMinutes: 60 })
    await judge(good)
    await judge(good)
    expect(asked.length).toBe(1)
    at(Date.now() + 3 * minute)
    await judge(good)
    expect(asked.length).toBe(2)
  })

  it('not at all when it was of no help, or by the rule of 0 minutes', async () => {
    const helpless = await serve((_, response) => void response.writeHead(500).end())
    const { judge } = await judgingAt(helpless.url)
    await judge(good)
    await judge(good)
    expect(helpless.asked.length).toBe(2)
    const fresh = await serve((question) => workshop.answer(question, wanted()))
    const { judge: judgeFresh } = await judgingAt(fresh.url, { cacheMinutes: 0 })
    await judgeFresh(good)
    await judgeFresh(good)
    expect(fresh.asked.length).toBe(2)
  })

  it('and shared by those who ask about one certificate at the same time', async () => {
    const { url, asked } = await serve((question) => workshop.answer(question, wanted()))
    const { judge } = await judgingAt(url, { cacheMinutes: 0 })
    const said = await Promise.all([judge(good), judge(good), judge(stolen), judge(good)])
    expect(said).toEqual(['ok', 'ok', revoked, 'ok'])
    expect(asked.length).toBe(2)
  })

  it('for at most 10,000 certificates, the oldest of which is forgotten', async () => {
    const before = await madeBefore(good)
    const template = elements(elements(elements(readDer(before))[1] as Der, 0xa0)[0] as Der)
    const basic = elements(readDer((template[1] as Der).content))
    const contents = elements(basic[0] as Der).map(({ whole }) => whole)
    const single = elements(elements(readDer(contents[2] ?? before))[0] as Der)
    let asked = 0
    const fetch = async (_: unknown, init?: RequestInit) => {
      asked += 1
      const question = elements(elements(readDer(Buffer.from(init?.body as Uint8Array)))[0] as Der)
      const id = elements(elements(question[0] as Der)[0] as Der)[0] as Der
      const answer = writeDer(tags.sequence, id.whole, ...single.slice(1).map(({ whole }) => whole))
      const content = writeDer(tags.sequence, ...contents.with(2, writeDer(tags.sequence, answer)))
      const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, issuer.privateKey)])
      const parts = writeDer(
        tags.sequence,
        content,
        (basic[1] as Der).whole,
        writeDer(tags.bitString, signature),
      )
      const typed = writeDer(tags.sequence, (template[0] as Der).whole, writeDer(tags.octetString, parts))
      const whole = writeDer(tags.sequence, Buffer.from('0a0100', 'hex'), writeDer(0xa0, typed))
      return new Response(new Uint8Array(whole), { headers: answerType })
    }
    const { responder, leaf, by } = asking({ fetch, cacheMinutes: 20 })
    const numbered = (number: number): Certificate => {
      const content = Buffer.alloc(5, 1)
      content.writeUInt32BE(number, 1)
      return { ...leaf, serial: readDer(writeDer(tags.integer, content)) }
    }
    for (let number = 0; number < 10_000; number++) await responder.status(numbered(number), by)
    await responder.status(numbered(0), by)
    await responder.status(numbered(9_999), by)
    expect(asked).toBe(10_000)
    await responder.status(numbered(10_000), by)
    await responder.status(numbered(1), by)
    expect(asked).toBe(10_001)
    await responder.status(numbered(0), by)
    expect(asked).toBe(10_002)
  })
})

/** A responder over a network that is only played. */
function asking({
  fetch,
  cacheMinutes = 0,
  isRevoked = () => false,
}: {
  fetch: (input: unknown, init?: RequestInit) => Promise<Response>
  cacheMinutes?: number
  isRevoked?: () => boolean
}) {
  const [leaf, by] = [readCertificate(good.der), readCertificate(issuer.der)]
  if (!leaf || !by) throw new Error('unreadable')
  const responder = createResponder({
    rules: { url: 'http://127.0.0.1:1/', timeoutMs: 3000, cacheMinutes, whenUnknown: 'refuse' },
    clock: () => Date.now(),
    log: createLog({ level: 'silent' }),
    fetch: fetch as typeof globalThis.fetch,
    isRevoked,
  })
  return { responder, leaf, by }
}
