/** fetch by node:https, which can show a client certificate, as a fintech's server does; every name leads to this machine. */
import { request } from 'node:https'
import type { CustomFetch } from 'openid-client'
import type { Certificate } from './tls-client.ts'

/** @param options.ca PEM of whoever vouches for the bank's server */
export function httpsFetch({
  ca,
  certificate,
}: {
  readonly ca: string
  readonly certificate?: Certificate | undefined
}): CustomFetch {
  return (address, { method, headers, body }) => {
    const { hostname, host, port, pathname, search } = new URL(address)
    return new Promise((done, fail) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          servername: hostname,
          method,
          path: pathname + search,
          headers: { ...Object.fromEntries(new Headers(headers)), host },
          agent: false,
          ca,
          ...certificate,
        },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('end', () =>
            done(
              new Response(chunks.length > 0 ? Buffer.concat(chunks) : null, {
                status: answer.statusCode ?? 0,
                headers: answer.headers as Record<string, string>,
              }),
            ),
          )
        },
      )
      sent.on('error', fail)
      sent.end(body === null || body === undefined ? undefined : String(body as URLSearchParams))
    })
  }
}
