/** One POST to the bank's gateway: over connections of our own, with our certificate, bounded in time and size. Never a secret in an address or a header. */
import { type Dispatcher, Pool } from 'undici'
import { seconds } from '../../clock.ts'

export type Gateway = {
  /** origin, https except on this machine */
  readonly url: string
  /** PEM; with these the gateway knows us, and we it */
  readonly tls: { readonly cert?: string; readonly key?: string; readonly ca?: string } | undefined
}

export type Exchange = {
  readonly post: (asked: {
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: unknown
    readonly stop: AbortSignal
  }) => Promise<Exchanged>
  readonly close: () => Promise<void>
}

export type Exchanged =
  | { readonly status: number; readonly contentType: string; readonly text: string }
  /** `errorCode` of the system, TLS or undici; none of them tells what was sent */
  | { readonly failed: 'timeout' | 'connection'; readonly errorCode: string | undefined }

const mostBytes = 4 * 1024 * 1024

export function createExchange({ url, tls }: Gateway, { connections = 64 } = {}): Exchange {
  const pool = new Pool(url, {
    connections,
    connect: { ...tls, timeout: seconds(2) },
    maxResponseSize: mostBytes,
    // The call's own limit is what ends it.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return {
    async post({ path, headers, body, stop }) {
      try {
        const {
          statusCode,
          headers: got,
          body: stream,
        } = await pool.request({
          method: 'POST',
          path,
          headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
          body: JSON.stringify(body),
          signal: stop,
        })
        return { status: statusCode, contentType: contentTypeOf(got), text: await stream.text() }
      } catch (error) {
        return { failed: stop.aborted ? 'timeout' : 'connection', errorCode: codeOf(error) }
      }
    },
    close: () => pool.destroy(),
  }
}

const contentTypeOf = ({ 'content-type': type }: Dispatcher.ResponseData['headers']): string =>
  typeof type === 'string' ? type : ''

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
