/** Bytes on a real socket: requests that no HTTP client would send. */
import { connect } from 'node:net'
import type { TestBank } from './bank.ts'

export type RawAnswer = {
  readonly status: number
  /** names in lower case; of several with one name the last */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** everything that came back, as it came */
  readonly text: string
}

export type RawClient = (request: string | Buffer) => Promise<RawAnswer>

/** Opens the bank to the network and returns what sends to it: one connection for each request. */
export async function openToNetwork({ server }: Pick<TestBank, 'server'>): Promise<RawClient> {
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }))
  return (request) =>
    new Promise((done, fail) => {
      const chunks: Buffer[] = []
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(request))
      socket.setTimeout(5000, () => socket.destroy(new Error('the server neither answered nor hung up')))
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('close', () => done(readAnswer(Buffer.concat(chunks).toString())))
      // A server that hangs up on a body it will not read resets the connection; what it said before counts.
      socket.on('error', (error) => (chunks.length > 0 ? undefined : fail(error)))
    })
}

/** A request as text, closing its connection; `headers` are whole lines, and a Host among them replaces ours. */
export function rawRequest(
  target: string,
  { method = 'GET', headers = [], body = '' }: { method?: string; headers?: string[]; body?: string } = {},
): string {
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: localhost:3000']
  return [`${method} ${target} HTTP/1.1`, ...host, ...headers, 'Connection: close', '', body].join('\r\n')
}

function readAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end === -1 ? text.length : end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  return { status: Number(first.split(' ')[1] ?? 0), headers, body: text.slice(end + 4), text }
}
