/** One request to somebody else's server: bounded in time and size, no redirect, no proxy, to checked addresses only. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { seconds } from '../clock.ts'
import type { Result } from '../errors.ts'
import { type Address, checkedAddresses, type Resolve } from './address.ts'

export type Asked = {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** `public`: public addresses; `loopback`: this machine too, as in the demo; `configured`: named by the operator, so any */
  readonly reach: Reach
  readonly resolve?: Resolve | undefined
  readonly timeoutMs?: number | undefined
  /** statuses that say everything: the body is not waited for */
  readonly enough?: readonly number[] | undefined
  /** ends it early */
  readonly stop?: AbortSignal | undefined
}

export type Reach = 'public' | 'loopback' | 'configured'

export type AskProblem =
  | 'address-refused'
  | 'name-unknown'
  | 'unreachable'
  | 'not-trusted'
  | 'timeout'
  | 'too-large'

export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** at most 64 kB */
  readonly body: string
}

type Answered = Awaited<ReturnType<typeof ask>>

const timeout = seconds(5)
const mostBytes = 64 * 1024

export async function ask({
  url: address,
  method,
  headers,
  body = '',
  reach,
  resolve,
  timeoutMs = timeout,
  enough = [],
  stop,
}: Asked): Promise<Result<Answer, { readonly problem: AskProblem }>> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !isAllowed(url, reach)) return { ok: false, problem: 'address-refused' }
  const late = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stop ? [stop] : [])])
  if (late.aborted) return { ok: false, problem: 'timeout' }
  const abandoned = new Promise<Answered>((done) => {
    late.addEventListener('abort', () => done({ ok: false, problem: 'timeout' }))
  })
  const asking = async (): Promise<Answered> => {
    const found =
      reach === 'configured'
        ? undefined
        : await checkedAddresses(url.hostname, { allowLoopback: reach === 'loopback', resolve })
    if (found && !found.ok) return found
    if (late.aborted) return { ok: false, problem: 'timeout' }
    const secure = url.protocol === 'https:'
    const options = {
      method,
      headers: method === 'GET' ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal: late,
      ...(found ? { lookup: only(found.value) } : {}),
    }
    // An agent of its own each time: no connection is shared, and none of the environment's proxies is asked.
    const request = secure
      ? httpsRequest(url, { ...options, agent: new HttpsAgent() })
      : httpRequest(url, { ...options, agent: new HttpAgent() })
    return answerOf(request, body, enough)
  }
  return Promise.race([asking(), abandoned])
}

function isAllowed({ protocol, hostname, username, password }: URL, reach: Reach): boolean {
  if (username || password) return false
  if (protocol === 'https:') return true
  return protocol === 'http:' && reach !== 'public' && ['127.0.0.1', '[::1]'].includes(hostname)
}

/** The connection goes to what was checked, whatever the name leads to by now; the certificate is still the name's. */
function only(addresses: readonly Address[]): LookupFunction {
  return (_hostname, { all }, done) => {
    const [first] = addresses
    if (all) done(null, [...addresses])
    else done(null, first?.address ?? '', first?.family)
  }
}

function answerOf(request: ClientRequest, body: string, enough: readonly number[]): Promise<Answered> {
  return new Promise((done) => {
    const end = (answered: Answered): void => {
      done(answered)
      request.destroy()
    }
    request.on('error', (error: NodeJS.ErrnoException) => end({ ok: false, problem: problemOf(error) }))
    request.on('response', (response) => void read(response, enough).then(end))
    request.end(body)
  })
}

async function read(response: IncomingMessage, enough: readonly number[]): Promise<Answered> {
  const { statusCode: status = 0, headers } = response
  if (enough.includes(status)) return { ok: true, value: { status, headers, body: '' } }
  try {
    const body = await readAtMost(response)
    return body === undefined
      ? { ok: false, problem: 'too-large' }
      : { ok: true, value: { status, headers, body } }
  } catch {
    // it broke off
    return { ok: false, problem: 'unreachable' }
  }
}

async function readAtMost(response: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length
    if (length > mostBytes) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function problemOf({ name, code = '' }: NodeJS.ErrnoException): AskProblem {
  if (name === 'AbortError' || name === 'TimeoutError') return 'timeout'
  return /CERT|TLS|SSL|ISSUER|SIGNATURE|ALTNAME/.test(code) ? 'not-trusted' : 'unreachable'
}
