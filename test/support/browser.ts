/** A browser without windows: keeps cookies by path as browsers do, sends forms with Origin, follows redirects of the bank. */
import type { TestBank } from './bank.ts'

export type Page = {
  readonly status: number
  /** path of the page that was shown in the end */
  readonly path: string
  readonly html: string
  readonly headers: Readonly<Record<string, unknown>>
  /** an address outside the bank's pages that the last answer leads to: the fintech, or the engine's resume route */
  readonly leftTo: URL | undefined
}

export type Cookie = { readonly name: string; readonly value: string; readonly path: string }

export type Browser = {
  readonly get: (address: string, headers?: Record<string, string>) => Promise<Page>
  /** Sends a form of the last page, with its CSRF token unless the fields bring one. */
  readonly post: (path: string, fields: Fields, headers?: Record<string, string>) => Promise<Page>
  readonly page: () => Page
  readonly cookies: () => readonly Cookie[]
  readonly setCookies: (cookies: readonly Cookie[]) => void
}

export type Fields = Readonly<Record<string, string | readonly string[]>>

export function openBrowser({ server, settings }: Pick<TestBank, 'server' | 'settings'>): Browser {
  let jar: Cookie[] = []
  let last: Page = { status: 0, path: '/', html: '', headers: {}, leftTo: undefined }

  const send = async (
    method: 'GET' | 'POST',
    url: URL,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Page> => {
    const cookie = jar
      .filter(
        ({ path }) =>
          url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`),
      )
      .map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
      .join('; ')
    const answer = await server.inject({
      method,
      url: url.pathname + url.search,
      headers: {
        host: url.host,
        'accept-language': 'ja',
        accept: 'text/html,*/*;q=0.8',
        ...(cookie ? { cookie } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: body }),
    })
    for (const one of answer.cookies) {
      const path = one.path ?? '/'
      jar = jar.filter((known) => known.name !== one.name || known.path !== path)
      const gone = one.value === '' || (one.expires !== undefined && one.expires.getTime() < Date.now())
      if (!gone) jar.push({ name: one.name, value: one.value, path })
    }
    const location = answer.headers.location
    if (location !== undefined && answer.statusCode >= 300 && answer.statusCode < 400) {
      const target = new URL(location, url)
      if (target.origin !== settings.publicUrl)
        return {
          status: answer.statusCode,
          path: url.pathname,
          html: '',
          headers: answer.headers,
          leftTo: target,
        }
      return send('GET', target, {})
    }
    return {
      status: answer.statusCode,
      path: url.pathname,
      html: answer.body,
      headers: answer.headers,
      leftTo: refreshTarget(answer.body),
    }
  }

  return {
    async get(address, headers = {}) {
      last = await send('GET', new URL(address, settings.publicUrl), headers)
      return last
    },
    async post(path, fields, headers = {}) {
      const body = new URLSearchParams()
      for (const [name, value] of Object.entries({ _csrf: csrfOf(last.html), ...fields })) {
        for (const one of typeof value === 'string' ? [value] : value) body.append(name, one)
      }
      last = await send(
        'POST',
        new URL(path, settings.publicUrl),
        { origin: settings.publicUrl, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body.toString(),
      )
      return last
    },
    page: () => last,
    cookies: () => [...jar],
    setCookies(cookies) {
      jar = [...cookies]
    },
  }
}

export const csrfOf = (html: string): string => /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''

/** Where a page leads by itself. */
export function refreshTarget(html: string): URL | undefined {
  const target = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(html)?.[1]
  return target ? new URL(target.replaceAll('&amp;', '&')) : undefined
}
