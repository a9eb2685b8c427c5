/**
 * Pages, styles and scripts as short as the browser can read them, so that a first view fits into the first packets of a
 * connection. What is secret in a page is either new in every answer (the CSRF token is salted) or stands beside nothing that
 * another site could choose, because forms of other origins are refused: length tells nobody anything.
 */
import { Readable } from 'node:stream'
import { constants, createBrotliCompress, createGzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

/** Five of eleven is as fast as gzip and a tenth shorter. */
export const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

const worthIt = /^(text\/(html|css|javascript)|application\/javascript|image\/svg\+xml)/

export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode === 206 || !worthIt.test(String(reply.getHeader('content-type') ?? '')))
      return payload
    reply.header('vary', 'accept-encoding')
    const encoding = encodingFor(request.headers['accept-encoding'])
    if (!encoding || payload === null || payload === undefined || payload === '') return payload
    reply.header('content-encoding', encoding).removeHeader('content-length')
    const plain = payload instanceof Readable ? payload : Readable.from([payload as string | Buffer])
    return plain.pipe(encoding === 'br' ? createBrotliCompress(brotliOptions) : createGzip())
  })
}

/** RFC 9110, section 12.5.3, as far as browsers use it. */
function encodingFor(accepted: string | readonly string[] | undefined): 'br' | 'gzip' | undefined {
  const names = [accepted ?? '']
    .flat()
    .flatMap((one) => one.split(','))
    .filter((one) => !/;\s*q=0(\.0*)?\s*$/.test(one))
    .map((one) => one.split(';')[0]?.trim())
  return names.includes('br') ? 'br' : names.includes('gzip') ? 'gzip' : undefined
}
