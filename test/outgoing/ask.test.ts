/** An address that a fintech wrote must not lead the bank's server into the bank: whatever the name, the notation or the answer. */
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Address, isPublic } from '../../src/outgoing/address.ts'
import { type Call, call } from '../../src/outbox/call.ts'
import { openReceiver, type Receiver, status } from '../support/receiver.ts'

let receiver: Receiver
beforeEach(async () => {
  receiver = await openReceiver()
})
afterEach(() => receiver.close())

const post = (url: string, changes: Partial<Call> = {}) =>
  call({ url, headers: {}, body: 'x', accepted: [202], reach: 'public', timeoutMs: 2000, ...changes })
const leadsTo =
  (...addresses: string[]) =>
  async (): Promise<Address[]> =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

const nobodys = `
  0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.170 192.0.2.1
  192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
  :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1
  2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1`
const somebodys =
  '8.8.8.8 172.15.255.255 172.32.0.1 192.167.255.255 223.255.255.255 2606:4700::1111 2404:6800::1'

describe('an address', () => {
  it.each(nobodys.trim().split(/\s+/))('%s is nobody’s on the internet', (address) => {
    expect(isPublic(address)).toBe(false)
  })

  it.each(somebodys.split(' '))('%s is somebody’s', (address) => {
    expect(isPublic(address)).toBe(true)
  })
})

describe('a URL', () => {
  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://%31%32%37.0.0.1/',
    'https://①②⑦.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[fe80::1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1:8443/',
    'https://localhost/',
    'https://localhost:8443/',
    'https://user:secret@bank-mail.example/',
    'http://8.8.8.8/',
    'http://127.0.0.1/',
    'ftp://8.8.8.8/',
    'file:///etc/passwd',
    'unix:/var/run/docker.sock',
    'not a url',
  ])('%s is refused before any connection', async (url) => {
    expect(await post(url)).toEqual({ ok: false, problem: 'address-refused' })
  })

  it('of the demo may lead to this machine, and to nothing else that is private', async () => {
    expect(await post(receiver.url, { reach: 'loopback' })).toEqual({ ok: true, value: 'accepted' })
    for (const url of [
      'https://10.0.0.1/',
      'https://169.254.169.254/',
      'http://localhost/',
      'http://8.8.8.8/',
    ])
      expect(await post(url, { reach: 'loopback' })).toEqual({ ok: false, problem: 'address-refused' })
    expect(receiver.received).toHaveLength(1)
  })

  it('whose name leads inside is refused, also when only one of its addresses does', async () => {
    const url = 'https://events.fintech.example/'
    for (const inside of ['10.1.2.3', '169.254.169.254', '::1', '::ffff:10.0.0.1', 'fd00::1'])
      for (const resolve of [leadsTo(inside), leadsTo('8.8.8.8', inside), leadsTo(inside, '8.8.8.8')])
        expect(await post(url, { resolve })).toEqual({ ok: false, problem: 'address-refused' })
  })

  it('whose name nobody knows is not called', async () => {
    const url = 'https://events.fintech.example/'
    const resolve = async () => Promise.reject(new Error('ENOTFOUND'))
    expect(await post(url, { resolve: leadsTo() })).toEqual({ ok: false, problem: 'name-unknown' })
    expect(await post(url, { resolve })).toEqual({ ok: false, problem: 'name-unknown' })
  })

  it('whose name leads elsewhere the second time is asked for it once, and called where it was checked', async () => {
    const { server, port, connections } = await listen()
    let asked = 0
    const resolve = async (): Promise<Address[]> => {
      asked += 1
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    }
    const url = `https://rebinding.fintech.example:${port}/`
    expect(await post(url, { resolve, reach: 'loopback' })).toMatchObject({ ok: false })
    expect([asked, connections()]).toEqual([1, 1])
    server.close()
  })

  it('whose name takes for ever is given up', async () => {
    const resolve = () => new Promise<Address[]>(() => undefined)
    const began = performance.now()
    const answer = await post('https://slow.fintech.example/', { resolve, timeoutMs: 200 })
    expect(answer).toEqual({ ok: false, problem: 'timeout' })
    expect(performance.now() - began).toBeLessThan(1500)
  })
})

describe('an answer', () => {
  const ask = (changes: Partial<Call> = {}) => post(receiver.url, { reach: 'loopback', ...changes })

  it('that redirects is a refusal, and nobody goes there', async () => {
    const inside = await openReceiver()
    for (const code of [301, 302, 303, 307, 308]) {
      receiver.answer = status(code, '', { location: inside.url })
      expect(await ask()).toMatchObject({ problem: `status-${code}` })
    }
    expect(inside.received).toEqual([])
    await inside.close()
  })

  it('is read up to 64 kB, whether it says its length or not', async () => {
    receiver.answer = status(400, 'x'.repeat(64 * 1024))
    expect(await ask()).toMatchObject({ problem: 'status-400' })
    receiver.answer = status(400, 'x'.repeat(64 * 1024 + 1))
    expect(await ask()).toEqual({ ok: false, problem: 'too-large' })
    receiver.answer = (response) => {
      response.writeHead(400)
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(8192)));
      }
      response.on('drain', more)
      more()
    }
    expect(await ask()).toEqual({ ok: false, problem: 'too-large' })
  })

  it('that trickles is cut off in time', async () => {
    receiver.answer = (response) => {
      response.writeHead(400)
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    }
    expect(await ask({ timeoutMs: 300 })).toEqual({ ok: false, problem: 'timeout' })
  })

  it('that accepts counts by its status, however long its body goes on', async () => {
    receiver.answer = (response) => {
      response.writeHead(202)
      response.write('x')
    }
    expect(await ask()).toEqual({ ok: true, value: 'accepted' })
  })

  it.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 202 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx'],
    ['headers without end', `HTTP/1.1 202 OK\r\n${'a: b\r\n'.repeat(10_000)}`],
  ])('that is %s is no answer', async (_what, bytes) => {
    const { server, port } = await listen((socket) => socket.write(bytes))
    expect(await post(`http://127.0.0.1:${port}/`, { reach: 'loopback' })).toMatchObject({ ok: false })
    server.close()
  })

  it('of a server without a certificate that counts is not heard', async () => {
    const url = receiver.url.replace('http:', 'https:')
    expect(await post(url, { reach: 'loopback' })).toMatchObject({ ok: false })
    expect(receiver.received).toEqual([])
  })
})

async function listen(
  onConnection: (socket: Socket) => void = (socket) => socket.destroy(),
): Promise<{ server: Server; port: number; connections: () => number }> {
  let count = 0
  const server = createTcpServer((socket) => {
    count += 1
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return { server, port: (server.address() as AddressInfo).port, connections: () => count }
}
