/** Load on the real program, whose processes are killed at random moments and started again, while the book is kept. */
import { setTimeout as wait } from 'node:timers/promises'
import { openWire } from './browser.ts'
import { openBook } from './faults-book.ts'
import { type Crowd, visit } from './faults-customers.ts'
import { type Check, verifyAtRest, verifyByAsking } from './faults-verify.ts'
import { openFintechServer } from './fintech.ts'
import { type Installation, openInstallation } from './installation.ts'
import type { Program } from './program.ts'

export type KillsPlan = {
  readonly database: 'sqlite' | 'postgres'
  readonly kills: number
  /** the longest that a process lives after it was ready, ms */
  readonly life: number
  /** no kill begins later than this, ms */
  readonly within: number
  /** customers on their way at the same time */
  readonly atOnce: number
  readonly onKill?: ((kill: number) => void) | undefined
}

export type Outcome = {
  readonly name: string
  readonly seconds: number
  readonly counts: Readonly<Record<string, number>>
  readonly checks: readonly Check[]
}

export async function runKills({
  database,
  kills,
  life,
  within,
  atOnce,
  onKill,
}: KillsPlan): Promise<Outcome> {
  const processes = database === 'postgres' ? 2 : 1
  const installation = await openInstallation({ database, processes, asksEvery: 7 })
  try {
    const end = performance.now() + within
    let kill = 0
    const outcome = await underLoad(
      { name: `kills on ${database}`, installation, atOnce },
      async (answered) => {
        while (kill < kills && performance.now() < end) {
          kill += 1
          // On a busy machine nothing would be answered between two kills, and nothing could be lost.
          for (const before = answered(); answered() === before; await wait(20));
          await wait(Math.random() * life)
          const running = installation.running()
          const victim = running[kill % running.length] as Program
          await victim.kill()
          await installation.start({ PORT: new URL(victim.origin).port })
          onKill?.(kill)
        }
      },
    )
    return { ...outcome, counts: { kills: kill, ...outcome.counts } }
  } finally {
    await installation.stop()
  }
}

/** Customers come while `trouble` lasts, and those on their way arrive after it; then everything is held against the book. */
export async function underLoad(
  { name, installation, atOnce }: { name: string; installation: Installation; atOnce: number },
  /** @param answered requests so far */
  trouble: (answered: () => number) => Promise<void>,
): Promise<Outcome> {
  const since = performance.now()
  const book = openBook()
  const { publicUrl } = installation
  let answers = 0
  const wire = openWire({
    origins: installation.running().map(({ origin }) => origin),
    publicUrl,
    onAnswer() {
      answers += 1
    },
  })
  const fintech = openFintechServer(wire, installation.fintech)
  const load = startLoad({ wire, publicUrl, fintech, book }, atOnce)
  await trouble(() => answers)
  await load.stop()
  const verifying = { installation, fintech, book }
  const asked = await verifyByAsking(verifying)
  await wire.close()
  await Promise.all(installation.running().map((one) => one.stop()))
  return {
    name,
    seconds: Math.round((performance.now() - since) / 1000),
    counts: { ...book.counts, codes: book.entries.length },
    checks: [...asked, ...(await verifyAtRest(verifying))],
  }
}

/** Customer after customer, until it is stopped; those on their way arrive. */
function startLoad(crowd: Crowd, atOnce: number): { readonly stop: () => Promise<void> } {
  let customer = 0
  let stopping = false
  const worker = async () => {
    while (!stopping) {
      const mine = customer
      customer += 1
      try {
        await visit(crowd, mine)
      } catch (error) {
        crowd.book.wrong(`the visit of customer ${mine} broke off: ${String(error)}`)
      }
    }
  }
  const workers = Promise.all(Array.from({ length: atOnce }, worker))
  return {
    async stop() {
      stopping = true
      await workers
    },
  }
}
