/** What a customer feels: how long pages take at a steady rate, how many bytes a view is, and where a journey's time goes. */
import { median, openLoop, percentile } from './measure.ts'
import type { Measured } from './browser.ts'
import { openBrowser, openWire } from './browser.ts'
import { addressOf, openFintechServer } from './fintech.ts'
import type { OurTarget, Target } from './targets.ts'

export type Latencies = {
  /** journeys that begin in a second */
  readonly rate: number
  /** how many answers this is made of */
  readonly pages: number
  /** ms until the proxy has the whole page */
  readonly p50: number
  readonly p99: number
  /** ms that the server itself counted, to the whole ms, as its log has it */
  readonly serverP99: number
}

/** Views of steps (GET, 200) while customers come at a steady rate. */
export async function latenciesAt(
  target: Target,
  { rate, ms }: { rate: number; ms: number },
): Promise<Latencies> {
  const seen: number[] = []
  const logged = target.program.log().length
  const stop = target.listen(({ method, status, ms: took }) => {
    if (method === 'GET' && status === 200) seen.push(took)
  })
  await openLoop({ ms, rate, work: async () => void (await target.journey()) })
  stop()
  return {
    rate,
    pages: seen.length,
    p50: median(seen),
    p99: percentile(seen, 0.99),
    serverP99: percentile(serverTimes(target.program.log().slice(logged)), 0.99),
  }
}

/** Of the views in a log of ours. */
const serverTimes = (log: string): number[] =>
  [...log.matchAll(/^.*"event":"request".*$/gm)]
    .map(([line]) => JSON.parse(line) as { method: string; route: string; status: number; ms: number })
    .filter(
      ({ method, route, status }) => method === 'GET' && status === 200 && route.startsWith('/journey/'),
    )
    .map(({ ms }) => ms)

/** The requests of a journey that the engine itself answers, wherever the interaction comes from. */
const ofTheEngine = ['par', 'authorize', 'resume', 'token']

export type Anatomy = {
  readonly requests: number
  /** medians, added up, ms */
  readonly whole: number
  readonly engine: number
}

/** Where the time of a journey goes when nobody else is there. */
export async function anatomyOf(target: Target, journeys: number): Promise<Anatomy> {
  const byName = new Map<string, number[]>()
  const stop = target.listen(({ name, method, ms }) => {
    const key = `${method} ${name}`
    byName.set(key, [...(byName.get(key) ?? []), ms])
  })
  for (let n = 0; n < journeys; n += 1) await target.journey()
  stop()
  const sumOf = (entries: readonly (readonly [string, readonly number[]])[]) =>
    entries.reduce((sum, [, times]) => sum + median(times), 0)
  const all = [...byName]
  return {
    requests: all.length,
    whole: sumOf(all),
    engine: sumOf(all.filter(([key]) => ofTheEngine.includes(key.split(' ')[1] ?? ''))),
  }
}

export type Weight = { readonly page: number; readonly styles: number; readonly scripts: number }

/** Bytes on the wire of a customer's first view, with empty caches and brotli as browsers ask for it. */
export async function firstView({ program, installation }: OurTarget): Promise<Weight> {
  const { publicUrl, fintech } = installation
  const answers: Measured[] = []
  const wire = openWire({
    origins: [program.origin],
    publicUrl,
    onAnswer: (measured) => answers.push(measured),
  })
  const browser = openBrowser(wire, { publicUrl, from: addressOf(0) })
  const { address } = await openFintechServer(wire, fintech).push()
  const { html } = await browser.get('authorize', address)
  const fetchAll = async (name: string, pattern: RegExp) => {
    for (const [, path = ''] of html.matchAll(pattern)) await browser.get(name, path)
  }
  await fetchAll('styles', /<link rel="stylesheet" href="([^"]+)"/g)
  await fetchAll('scripts', /<script[^>]* src="([^"]+)"/g)
  await wire.close()
  const bytesOf = (kind: string) =>
    answers.filter(({ name }) => name === kind).reduce((sum, { bytes }) => sum + bytes, 0)
  return { page: bytesOf('sign-in'), styles: bytesOf('styles'), scripts: bytesOf('scripts') }
}
