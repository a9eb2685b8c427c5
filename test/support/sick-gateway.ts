/** What stands between us and a bank's gateway, and is sick: slow, broken off, half, of another kind, or delivering twice. */
import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export const sicknesses = [
  'slow',
  'reset before',
  'reset after',
  'half an answer',
  'a page',
  'another shape',
  'an unknown reason',
  '500',
  '429',
  'a redirect',
  'delivered twice',
] as const

export type Sickness = (typeof sicknesses)[number]

export type SickGateway = {
  readonly url: string
  /** for each call anew; undefined lets it pass */
  suffers: (path: string) => Sickness | undefined
  /** how long `slow` takes, ms */
  delay: number
  readonly close: () => Promise<void>
}

export async function openSickGateway(to: string): Promise<SickGateway> {
  const deliver = async (asked: IncomingMessage, body: Buffer): Promise<{ status: number; body: Buffer }> => {
    const { url: path = '', method, headers } = asked
    const sent = forward(new URL(path, to), { method, headers, agent: false }).end(body)
    const [got] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: got.statusCode ?? 0, body: await buffer(got) }
  }

  async function pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(asked)
    const sickness = gateway.suffers(asked.url ?? '')
    const json = { 'content-type': 'application/json' }
    const say = (status: number, text: string | Buffer, headers: Record<string, string> = json) =>
      answer.writeHead(status, headers).end(text)
    switch (sickness) {
      case 'reset before':
        return void asked.socket.destroy()
      case '500':
        return void say(500, '{"error":"down"}')
      case '429':
        return void say(429, '{}')
      case 'a redirect':
        return void say(302, '', { location: '/v1/health' })
    }
    const got = await deliver(asked, body)
    switch (sickness) {
      case 'slow':
        await new Promise((done) => setTimeout(done, gateway.delay))
        break
      case 'reset after':
        return void asked.socket.destroy()
      case 'half an answer':
        answer.writeHead(200, { ...json, 'content-length': String(got.body.length) })
        answer.write(got.body.subarray(0, got.body.length / 2), () => asked.socket.destroy())
        return
      case 'a page':
        return void say(200, got.body, { 'content-type': 'text/html' })
      case 'another shape':
        return void say(200, '{"ok":true,"value":{"wrong":true}}')
      case 'an unknown reason':
        return void say(200, '{"ok":false,"reason":"wrong-somehow"}')
      case 'delivered twice':
        return void say(200, (await deliver(asked, body)).body)
    }
    say(got.status, got.body)
  }

  const server = createServer((asked, answer) => void pass(asked, answer).catch(() => asked.socket.destroy()))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const gateway: SickGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    suffers: () => undefined,
    delay: 500,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
  return gateway
}
