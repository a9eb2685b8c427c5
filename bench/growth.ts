/** Whether refreshing and introspecting take longer with a million live connections than with a thousand. */
import { openInstallation } from './installation.ts'
import { closedLoop, median } from './measure.ts'
import { expectOk, type RoundOptions, uncounted } from './rounds.ts'
import { seededToken, seedConsents, sizeOf, templateOf } from './seed.ts'
import type { OurTarget } from './targets.ts'
import { type Load, openLoad } from './walk.ts'

type Rates = { readonly refreshes: number; readonly introspections: number }
export type Growth = {
  /** a second */
  readonly few: Rates
  readonly many: Rates
  /** of the database for each live consent with its refresh token, without its history */
  readonly bytes: number
}

/** The target itself has few live consents, and another installation on the same database has many; measured in turn. */
export async function growthOf(
  target: OurTarget,
  { live: [few, many], ...options }: RoundOptions & { readonly live: readonly [number, number] },
): Promise<Growth> {
  const { databaseUrl, cluster, publicUrl } = target.installation
  const template = await templateOf(databaseUrl)
  await seedConsents(databaseUrl, template, few)
  const larger = await openInstallation({ database: cluster ?? 'sqlite', processes: 0 })
  const empty = await sizeOf(larger.databaseUrl)
  await seedConsents(larger.databaseUrl, template, many)
  const bytes = (await sizeOf(larger.databaseUrl)) - empty
  const { origin } = await larger.start()
  const load = openLoad({ origins: [origin], publicUrl, fintech: larger.fintech })
  const measured: Record<'few' | 'many', Rates[]> = { few: [], many: [] }
  for (let round = 0; round < options.rounds + uncounted; round += 1) {
    const rates = [await ratesOf(target.load, few, options), await ratesOf(load, many, options)] as const
    if (round < uncounted) continue
    measured.few.push(rates[0])
    measured.many.push(rates[1])
  }
  await load.close()
  await larger.stop()
  return { few: middleOf(measured.few), many: middleOf(measured.many), bytes: bytes / many }
}

/** Of tokens from all over the table. */
async function ratesOf(load: Load, count: number, options: Omit<RoundOptions, 'rounds'>): Promise<Rates> {
  const rate = async (call: Load['refresh']) => {
    const anyToken = () => seededToken(Math.floor(Math.random() * count))
    const { done, took } = await closedLoop({
      ...options,
      work: async () => expectOk(await call(anyToken())),
    })
    return (done * 1000) / took
  }
  return { refreshes: await rate(load.refresh), introspections: await rate(load.introspect) }
}

const middleOf = (all: readonly Rates[]): Rates => ({
  refreshes: median(all.map(({ refreshes }) => refreshes)),
  introspections: median(all.map(({ introspections }) => introspections)),
})
