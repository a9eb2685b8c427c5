/** One POST to somebody else's server: bounded in time and size, no redirect, no proxy, to checked addresses only. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { seconds } from '../clock.ts'
import type { Result } from '../errors.ts'
import { type Address, checkedAddresses, type Resolve } from './address.ts'

export type Call = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** whose answer counts by its status alone */
  readonly accepted: readonly number[]
  /** `public`: public addresses; `loopback`: this machine too, as in the demo; `configured`: named by the operator, so any */
  readonly reach: Reach
  readonly resolve?: Resolve | undefined
  readonly timeoutMs?: number
  /** ends it early */
  readonly stop?: AbortSignal | undefined
}

export type Reach = 'public' | 'loopback' | 'configured'

export type CallProblem =
  | 'address-refused'
  | 'name-unknown'
  | 'unreachable'
  | 'not-trusted'
  | 'timeout'
  | 'too-large'
  | `status-${number}`

/** `answer` is what a refusal said, at most 64 kB of it. */
export type Called = Result<'accepted', { readonly problem: CallProblem; readonly answer?: string }>

const timeout = seconds(5)
const mostBytes = 64 * 1024

export async function call({
  url: address,
  headers,
  body,
  accepted,
  reach,
  resolve,
  timeoutMs = timeout,
  stop,
}: Call): Promise<Called> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !isAllowed(url, reach)) return { ok: false, problem: 'address-refused' }
  const late = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stop ? [stop] : [])])
  if (late.aborted) return { ok: false, problem: 'timeout' }
  const abandoned = new Promise<Called>((done) => {
    late.addEventListener('abort', () => done({ ok: false, problem: 'timeout' }))
  })
  const ask = async (): Promise<Called> => {
    const found =
      reach === 'configured'
        ? undefined
        : await checkedAddresses(url.hostname, { allowLoopback: reach === 'loopback', resolve })
    if (found && !found.ok) return found
    if (late.aborted) return { ok: false, problem: 'timeout' }
    const secure = url.protocol === 'https:'
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal: late,
      ...(found ? { lookup: only(found.value) } : {}),
    }
    // An agent of its own each time: no connection is shared, and none of the environment's proxies is asked.
    const request = secure
      ? httpsRequest(url, { ...options, agent: new HttpsAgent() })
      : httpRequest(url, { ...options, agent: new HttpAgent() })
    return answerOf(request, body, accepted)
  }
  return Promise.race([ask(), abandoned])
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

function answerOf(request: ClientRequest, body: string, accepted: readonly number[]): Promise<Called> {
  return new Promise((done) => {
    const end = (called: Called): void => {
      done(called)
      request.destroy()
    }
    request.on('error', (error: NodeJS.ErrnoException) => end({ ok: false, problem: problemOf(error) }))
    request.on('response', (response) => {
      const status = response.statusCode ?? 0
      if (accepted.includes(status)) end({ ok: true, value: 'accepted' })
      else void refusal(response, status).then(end)
    })
    request.end(body)
  })
}

async function refusal(response: IncomingMessage, status: number): Promise<Called> {
  try {
    const answer = await readAtMost(response)
    return answer === undefined
      ? { ok: false, problem: 'too-large' }
      : { ok: false, problem: `status-${status}`, answer }
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

function problemOf({ name, code = '' }: NodeJS.ErrnoException): CallProblem {
  if (name === 'AbortError' || name === 'TimeoutError') return 'timeout'
  return /CERT|TLS|SSL|ISSUER|SIGNATURE|ALTNAME/.test(code) ? 'not-trusted' : 'unreachable'
}
