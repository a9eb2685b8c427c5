/** A server of a fintech, or of the bank's mail: answers as the test says, and remembers what it was sent. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export type Received = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Receiver = {
  readonly url: string
  readonly received: Received[]
  /** what it answers from now on; 202 until then */
  answer: (response: ServerResponse, request: Received) => void
  readonly close: () => Promise<void>
}

export const status =
  (code: number, body = '', headers: Record<string, string> = {}): Receiver['answer'] =>
  (response) => {
    response.writeHead(code, headers).end(body)
  }

/** @param port a port that it had before, to come up again there */
export async function openReceiver(port = 0): Promise<Receiver> {
  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    received: [],
    answer: status(202),
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
  return receiver

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const { method = '', url: path = '', headers } = request
    receiver.received.push({ method, path, headers, body })
    receiver.answer(response, { method, path, headers, body })
  }
}
