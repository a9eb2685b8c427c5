/** Lists as long as 10 MB allow: nobody's sign-in waits for them, and nobody but an authority has them read. */
import { randomBytes, sign } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Certificate, readCertificate } from '../../src/certificate/certificate.ts'
import { type Authorities, readAuthorities } from '../../src/certificate/chain.ts'
import { tags } from '../../src/certificate/der.ts'
import {
  writeBits,
  writeDer,
  writeInteger,
  writeSequence,
  writeTime,
  writeTyped,
} from '../../src/certificate/der-writing.ts'
import { judgeAgain, readRevocationList } from '../../src/certificate/revocation-list.ts'
import { createRevocationLists, type RevocationLists } from '../../src/certificate/revocation-lists.ts'
import { createLog } from '../../src/log.ts'
import { authority, client, type Issued, openWorkshop } from '../support/openssl.ts'

vi.mock(import('../../src/certificate/revocation-list.ts'), { spy: true })

const minute = 60_000
const now = Date.now()

let workshop: ReturnType<typeof openWorkshop>
let issuer: Issued
let impostor: Issued
let authorities: Authorities
let lists: RevocationLists | undefined

beforeAll(() => {
  workshop = openWorkshop()
  issuer = workshop.issue({ subject: '/CN=CA', extensions: authority })
  impostor = workshop.issue({ subject: '/CN=CA', extensions: authority })
  authorities = readAuthorities(issuer.pem)
})
beforeEach(() => void vi.clearAllMocks())
afterEach(async () => {
  vi.useRealTimers()
  await lists?.stop()
  lists = undefined
})
afterAll(() => workshop.remove())

const read = (bytes: Buffer) => readRevocationList(bytes, authorities.all, now)

const reason = (critical: string) =>
  Buffer.from(`30${critical ? '0f300d' : '0c300a'}0603551d15${critical}04030a0101`, 'hex')
const ours = (serial: Buffer, more: Buffer = reason('')): Buffer =>
  writeSequence(writeDer(tags.integer, serial), writeTime(now), more)

/** Written by ourselves, because openssl would take long. */
function listOf(
  entries: readonly Buffer[],
  { signer = issuer, nextUpdate = now + 60 * minute, thisUpdate = now - minute } = {},
): Buffer {
  const algorithm = writeTyped('1.2.840.10045.4.3.2')
  const content = writeSequence(
    writeInteger(1),
    algorithm,
    authorities.all[0]?.subject.der ?? Buffer.alloc(0),
    writeTime(thisUpdate),
    writeTime(nextUpdate),
    ...(entries.length > 0 ? [writeSequence(Buffer.concat(entries))] : []),
  )
  return writeSequence(content, algorithm, writeBits(sign('sha256', content, signer.privateKey)))
}

function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

const certificate = (serial: string): Certificate => {
  const { der } = workshop.issue({ subject: '/CN=x', issuer, extensions: client, serial })
  return readCertificate(der) as Certificate
}

it('190,000 entries with their reasons take far less than half a second', () => {
  const bytes = listOf(Array.from({ length: 190_000 }, () => ours(serialNumber())))
  expect(bytes.length).toBeGreaterThan(9_000_000)
  // Of the processor, because others may be using the machine as well.
  const times = Array.from({ length: 3 }, () => {
    const before = process.threadCpuUsage()
    const list = read(bytes)
    expect(list.ok && list.value.revoked.size).toBe(190_000)
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1000
  })
  expect(Math.min(...times)).toBeLessThan(400)
})

describe('of the entries', () => {
  it.each(['01', '7f', '8001', 'ff01', '4000000000000000000000000000000000000005'])(
    'the number %s names this certificate and no other',
    async (serial) => {
      const value = Buffer.from(/^[89a-f]/.test(serial) ? `00${serial}` : serial, 'hex')
      const file = workshop.file('list.crl', listOf([ours(value), ours(serialNumber())]))
      lists = await open(file)
      const { all } = authorities
      expect(lists.status(certificate(serial), all[0] as Certificate, now)).toBe('revoked')
      expect(lists.status(certificate(`${serial}00`), all[0] as Certificate, now)).toBe('good')
    },
  )

  it.each<[string, Buffer]>([
    ['that is no sequence', writeDer(tags.set, writeInteger(1), writeTime(now))],
    ['without a number', writeSequence(writeTime(now))],
    ['without a time', writeSequence(writeInteger(1))],
    ['with something for its time', writeSequence(writeInteger(1), writeInteger(1))],
    ['with a number that is written longer than it must be', ours(Buffer.from('0001', 'hex'))],
    ['with an empty number', ours(Buffer.alloc(0))],
    ['with extensions that are none', ours(Buffer.from('01', 'hex'), writeInteger(1))],
    ['with a field too many', ours(Buffer.from('01', 'hex'), Buffer.concat([reason(''), reason('')]))],
    ['with an extension that ends in the next entry', Buffer.concat([reach(1), ours(serialNumber())])],
    ['that ends behind the list', reach(200)],
    [
      'with an extension without a value',
      ours(Buffer.from('01', 'hex'), Buffer.from('300730050603551d15', 'hex')),
    ],
  ])('one %s makes the list unreadable', (_, entry) => {
    expect(read(listOf([ours(serialNumber()), entry]))).toEqual({ ok: false, problem: 'unreadable' })
  })

  it('one with a critical extension makes it count for nothing, one that says it is not critical does not', () => {
    expect(read(listOf([ours(serialNumber(), reason('0101ff'))]))).toEqual({
      ok: false,
      problem: 'critical-extension',
    })
    expect(read(listOf([ours(serialNumber(), reason('010100'))]))).toMatchObject({ ok: true })
  })

  /** An entry whose length says more than there is. */
  function reach(more: number): Buffer {
    const entry = ours(Buffer.from('01', 'hex'))
    entry[1] = (entry[1] ?? 0) + more
    return entry
  }
})

it('who signed and when is known before any entry is looked at', () => {
  const rubbish = [Buffer.from('3005ff', 'hex')]
  expect(read(listOf(rubbish, { signer: impostor }))).toMatchObject({ problem: 'wrong-signature' })
  expect(read(listOf(rubbish, { nextUpdate: now - 1000 }))).toMatchObject({ problem: 'stale' })
  expect(read(listOf(rubbish, { thisUpdate: now + 10 * minute }))).toMatchObject({
    problem: 'from-the-future',
  })
  expect(read(listOf(rubbish))).toMatchObject({ problem: 'unreadable' })
})

let clock: number
let lines: unknown[]
async function open(...sources: readonly string[]): Promise<RevocationLists> {
  clock = now
  lines = []
  return createRevocationLists({
    sources,
    refreshMinutes: 5,
    authorities,
    clock: () => clock,
    log: createLog({ level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } }),
    fetch,
  })
}

describe('the same bytes', () => {
  const pass = async (minutes: number): Promise<void> => {
    clock += minutes * minute
    vi.advanceTimersByTime(minutes * minute)
    const calls = () =>
      vi.mocked(readRevocationList).mock.calls.length + vi.mocked(judgeAgain).mock.calls.length
    const before = calls()
    await vi.waitFor(() => expect(calls()).toBeGreaterThan(before))
  }
  const reads = () => vi.mocked(readRevocationList).mock.calls.length

  it('are not read again, until they are others', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const first = workshop.file('list.crl', listOf([ours(serialNumber())]))
    const file = workshop.file('list.crl')
    copyFileSync(first, file)
    lists = await open(file)
    await pass(5)
    await pass(5)
    expect(reads()).toBe(1)
    expect(lists.standing()).toMatchObject([
      { entries: 1, nextUpdate: Math.floor((now + 60 * minute) / 1000) * 1000 },
    ])
    writeFileSync(file, listOf([ours(serialNumber()), ours(serialNumber())], { thisUpdate: now }))
    await pass(5)
    expect(reads()).toBe(2)
    expect(lists.standing()).toMatchObject([{ entries: 2 }])
  })

  it('do not count beyond their end all the same', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    lists = await open(workshop.file('list.crl', listOf([], { nextUpdate: now + 8 * minute })))
    await pass(5)
    expect(lists.standing()).toMatchObject([{ entries: 0 }])
    await pass(5)
    expect(lists.standing()).toMatchObject([{ problem: 'stale' }])
    await vi.waitFor(() =>
      expect(lines).toMatchObject([{ event: 'revocation-list-unusable', problem: 'stale' }]),
    )
    expect(reads()).toBe(1)
  })
})
