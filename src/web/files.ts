/** Style sheets, scripts and the logo: read at the start, compressed once, and sent from memory. The only answers a cache may keep. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Institution } from '../institution.ts'
import { sha256 } from '../secrets.ts'
import { brandStyle, readLogo } from './brand.ts'
import { compress, type Encoding, encodingFor } from './compression.ts'

const publicDir = join(import.meta.dirname, '..', '..', 'public')

/** The parts of each sheet, in the order of their layers. A further file would cost each first view a round trip and a kilobyte of headers. */
const sheets = {
  customer: ['tokens', 'base', 'parts', 'pages'],
  developers: ['tokens', 'base', 'parts', 'pages', 'tools', 'developers'],
  desk: ['tokens', 'base', 'parts', 'pages', 'tools', 'desk'],
} as const

const scripts = ['ninka', 'time-out'] as const

/** `/css/customer.css` and its like, `/js/ninka.js` and, where the institution has one, `/brand/logo.svg`. */
export async function publicFiles(app: FastifyInstance, institution: Institution): Promise<void> {
  for (const [name, parts] of Object.entries(sheets))
    keep(app, `/css/${name}.css`, {
      type: 'text/css; charset=utf-8',
      content: [...parts.map((part) => read(`css/${part}.css`)), brandStyle(institution)].join(''),
    })
  for (const name of scripts)
    keep(app, `/js/${name}.js`, {
      type: 'text/javascript; charset=utf-8',
      content: read(`js/${name}.js`),
    })
  const logo = readLogo(institution)
  if (logo !== undefined)
    keep(app, '/brand/logo.svg', {
      type: 'image/svg+xml',
      content: logo,
      headers: { 'content-security-policy': "default-src 'none'; sandbox" },
    })
}

const read = (path: string): string => readFileSync(join(publicDir, path), 'utf8')

type Kept = {
  readonly type: string
  readonly content: string
  readonly headers?: Readonly<Record<string, string>>
}

function keep(app: FastifyInstance, path: string, { type, content, headers = {} }: Kept): void {
  // Weak: what is sent differs by its encoding, what it says does not.
  const etag = `W/"${sha256(content).slice(0, 16)}"`
  const compressed: Partial<Record<Encoding, Buffer>> = {}

  app.get(path, (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers({ ...headers, etag, vary: 'accept-encoding', 'cache-control': 'public, max-age=3600' })
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    reply.type(type)
    const encoding = encodingFor(request.headers['accept-encoding'])
    if (!encoding) return reply.send(content)
    const short = (compressed[encoding] ??= compress(content, encoding, 'best'))
    return reply.header('content-encoding', encoding).send(short)
  })
}
