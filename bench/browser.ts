/** A browser without windows over real HTTP, cheap enough to be many at once: a jar of cookies, forms, and redirects within the bank. */
import { brotliDecompressSync } from 'node:zlib'
import { Pool } from 'undici'

export type Wire = {
  /** One request to one of the processes, whichever is next. */
  readonly send: (asked: Asked) => Promise<Answer>
  readonly close: () => Promise<void>
}

export type Asked = {
  /** what it is for, as it stands in measurements and failures */
  readonly name: string
  readonly method: 'GET' | 'POST'
  /** path and query */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** What one request took, for whoever looks at latencies and sizes. */
export type Measured = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly status: number
  readonly ms: number
  /** of the whole answer on the wire, headers included */
  readonly bytes: number
}

/** A request that was not answered as it should be: where, how, and what was said instead. */
export class Failed extends Error {
  override name = 'Failed'
  /** such as `sign-in`, `token` */
  readonly step: string
  /** of the answer; undefined where there was none */
  readonly status: number | undefined
  /** what the answer said, or the system's error code */
  readonly why: string

  constructor(step: string, status: number | undefined, why: string) {
    super(`${step}: ${status ?? 'no answer'}: ${why}`)
    this.step = step
    this.status = status
    this.why = why
  }
}

export type WireOptions = {
  /** of the processes: `http://127.0.0.1:<port>` */
  readonly origins: readonly string[]
  /** what the proxy in front is known by */
  readonly publicUrl: string
  /** PEM: whose certificate the origins have, where they are https */
  readonly ca?: string | undefined
  /** open connections to each process, kept alive */
  readonly connections?: number
  readonly onAnswer?: ((measured: Measured) => void) | undefined
}

/** Connections as a TLS proxy keeps them. */
export function openWire({ origins, publicUrl, ca, connections = 64, onAnswer }: WireOptions): Wire {
  const { host } = new URL(publicUrl)
  const pools = origins.map((origin) => new Pool(origin, { connections, ...(ca ? { connect: { ca } } : {}) }))
  let next = 0
  return {
    async send({ name, method, path, headers, body }) {
      const pool = pools[next % pools.length] as Pool
      next += 1
      const since = performance.now()
      try {
        const answer = await pool.request({ method, path, headers: { host, ...headers }, body: body ?? null })
        const bytes = Buffer.from(await answer.body.arrayBuffer())
        const status = answer.statusCode
        const ms = performance.now() - since
        onAnswer?.({ name, method, status, ms, bytes: bytes.length + sizeOf(answer.headers) })
        const plain = answer.headers['content-encoding'] === 'br' ? brotliDecompressSync(bytes) : bytes
        return { status, headers: answer.headers, body: plain.toString() }
      } catch (error) {
        throw new Failed(name, undefined, codeOf(error))
      }
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.destroy()))
    },
  }
}

/** Of the lines as HTTP/1.1 writes them, with the one for the status and the empty one. */
const sizeOf = (headers: Answer['headers']): number =>
  Object.entries(headers).reduce(
    (sum, [name, values]) =>
      [values ?? []].flat().reduce((size, value) => size + name.length + value.length + 4, sum),
    'HTTP/1.1 200 OK\r\n\r\n'.length,
  )

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

export type Page = {
  readonly status: number
  readonly path: string
  readonly html: string
  /** an address outside the bank that the last answer leads to */
  readonly leftTo: URL | undefined
}

export type Browser = {
  readonly get: (name: string, address: string) => Promise<Page>
  /** Sends a form, as the page that has it would. */
  readonly post: (name: string, path: string, fields: Fields) => Promise<Page>
}

export type Fields = Readonly<Record<string, string | readonly string[]>>

type Cookie = { readonly name: string; readonly value: string; readonly path: string }

/** @param from the address that the proxy says the customer has */
export function openBrowser(wire: Wire, { publicUrl, from }: { publicUrl: string; from: string }): Browser {
  let jar: Cookie[] = []
  const usual = {
    'x-forwarded-for': from,
    'accept-language': 'ja',
    'accept-encoding': 'gzip, deflate, br',
    accept: 'text/html,*/*;q=0.8',
    'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36',
  }

  const go = async (asked: Omit<Asked, 'headers'>, more: Record<string, string> = {}): Promise<Page> => {
    const [path = '/'] = asked.path.split('?')
    const cookie = jar.filter((one) => reaches(one, path)).map(({ name, value }) => `${name}=${value}`)
    const headers = { ...usual, ...more, ...(cookie.length > 0 ? { cookie: cookie.join('; ') } : {}) }
    const { status, headers: got, body } = await wire.send({ ...asked, headers })
    for (const line of [got['set-cookie'] ?? []].flat()) keep(line)
    const { location } = got
    if (typeof location !== 'string' || status < 300 || status > 399)
      return { status, path, html: body, leftTo: undefined }
    const target = new URL(location, publicUrl)
    if (target.origin !== publicUrl) return { status, path, html: '', leftTo: target }
    const { pathname, search } = target
    return go({ name: nameOf(pathname), method: 'GET', path: pathname + search })
  }

  const keep = (line: string): void => {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    const path = attributes.map((one) => /^\s*path=(.*)$/i.exec(one)?.[1]).find(Boolean) ?? '/'
    jar = jar.filter((known) => known.name !== name || known.path !== path)
    if (value !== '' && !/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.push({ name, value, path })
  }

  return {
    get: (name, address) => {
      const { pathname, search } = new URL(address, publicUrl)
      return go({ name, method: 'GET', path: pathname + search })
    },
    post(name, path, fields) {
      const body = new URLSearchParams()
      for (const [key, value] of Object.entries(fields))
        for (const one of typeof value === 'string' ? [value] : value) body.append(key, one)
      return go(
        { name, method: 'POST', path, body: body.toString() },
        { origin: publicUrl, 'content-type': 'application/x-www-form-urlencoded' },
      )
    },
  }
}

const reaches = ({ path }: Cookie, asked: string): boolean =>
  asked === path || asked.startsWith(path.endsWith('/') ? path : `${path}/`)

/** A request by its kind: the last part of a journey's address, never what is different in each. */
function nameOf(pathname: string): string {
  const [, first = '', , step] = pathname.split('/')
  return first === 'authorize' ? 'resume' : (step ?? first)
}
