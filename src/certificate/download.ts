/** Fetches a few bytes from a configured address, and only from there: bounded in time and size, no redirect followed. */
import type { Result } from '../errors.ts'

export type Download = {
  readonly fetch: typeof globalThis.fetch
  readonly url: string
  readonly request?: RequestInit
  /** for headers and body together */
  readonly timeoutMs: number
  readonly mostBytes: number
  /** ends it early */
  readonly signal: AbortSignal
}

export type DownloadProblem = 'unreachable' | 'timeout' | 'too-large' | `status-${number}`

export async function download(
  options: Download,
): Promise<Result<{ readonly bytes: Buffer; readonly type: string }, { readonly problem: DownloadProblem }>> {
  const { fetch, url, request, timeoutMs, mostBytes, signal } = options
  const late = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      ...request,
      redirect: 'manual',
      signal: AbortSignal.any([signal, late]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      return { ok: false, problem: `status-${response.status}` }
    }
    const bytes = await readAtMost(response, mostBytes)
    const type = response.headers.get('content-type') ?? ''
    return bytes ? { ok: true, value: { bytes, type } } : { ok: false, problem: 'too-large' }
  } catch {
    // fetch throws for everything from a refused connection to a body that breaks off
    return { ok: false, problem: late.aborted ? 'timeout' : 'unreachable' }
  }
}

/** Counted while it comes, after decompression: neither a missing nor a false length helps. */
async function readAtMost({ body }: Response, most: number): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body ?? []) {
    length += part.length
    // Leaving the loop cancels the rest.
    if (length > most) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}
