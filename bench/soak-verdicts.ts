/** Whether what a soak left behind is a leak. */
import type { Soaked } from './soak-run.ts'
import { growthOf, type Sample } from './soak-sample.ts'

export type Verdict = { readonly name: string; readonly holds: boolean; readonly says: string }

/** Bytes a journey: what a hundred thousand of them may add is not noticed on any machine. */
const mostBytesAJourney = 50

/** Connections to the bank and to the database are kept for the next customer. */
const mostKept = 12

export function verdicts({ idle, samples, quiet, rows, liveConsents, wrong }: Soaked): readonly Verdict[] {
  const timers = ({ resources }: Sample) => resources.Timeout ?? 0
  const { twoDaysLater, twoYearsLater } = rows
  // Refresh tokens of consents that ended are kept to say why; everything else is over after two days.
  const records = twoDaysLater.engine_records ?? 0
  const passing = ['finishing', 'held_pins', 'tickets'] as const
  const left = passing.reduce((sum, table) => sum + (twoDaysLater[table] ?? 0), 0)
  const ended = (twoDaysLater.consents ?? 0) - liveConsents
  return [
    { name: 'every answer was as it should be', holds: wrong.length === 0, says: `${wrong.length} were not` },
    flat('heap', samples, ({ heap }) => heap),
    flat('buffers', samples, ({ external }) => external),
    {
      name: 'sockets are closed',
      holds: quiet.sockets <= idle.sockets + mostKept,
      says: `${idle.sockets} before, ${quiet.sockets} afterwards`,
    },
    {
      name: 'timers come to nothing',
      holds: timers(quiet) <= timers(idle) + mostKept,
      says: `${timers(idle)} before, ${timers(quiet)} afterwards`,
    },
    {
      name: 'records of the engine end with what they are for',
      holds: records <= liveConsents + ended,
      says: `${records} for ${liveConsents} live and ${ended} ended consents after two days`,
    },
    { name: 'nothing passing stays', holds: left === 0, says: `${left} rows of ${passing.join(', ')}` },
    {
      name: 'nothing is left but what the law wants',
      holds: (twoYearsLater.engine_records ?? 0) === 0 && (twoYearsLater.attempts ?? 0) === 0,
      says: `${twoYearsLater.engine_records} records, ${twoYearsLater.attempts} counters after two years`,
    },
  ]
}

/** Of fewer journeys than these a process is still warming up, and its growth says nothing. */
const fewestToSay = 5000

function flat(name: string, samples: readonly Sample[], of: (sample: Sample) => number): Verdict {
  const { slope, margin } = growthOf(samples, of)
  const saysNothing = (samples.at(-1)?.journeys ?? 0) < fewestToSay
  return {
    name: `${name} is flat`,
    // What lies within its own margin is not shown to grow; a hundred thousand journeys make the margin small.
    holds: saysNothing || slope - margin < mostBytesAJourney,
    says: `${slope.toFixed(1)} ± ${margin.toFixed(1)} bytes a journey over the last half${saysNothing ? ', of too few to say' : ''}`,
  }
}
