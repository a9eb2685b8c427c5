/** What the desk hands to a browser and wants back unchanged: form tokens, what a form said, a search; each bound to one member. */
import { z } from 'zod'
import { type Clock, hours, minutes } from '../../clock.ts'
import type { Secrets } from '../../secrets.ts'
import type { Member } from './roles.ts'

/** How long each may be used, ms. */
const lifetimes = {
  /** a page that stands open while somebody is on the phone */
  form: hours(4),
  said: minutes(2),
  /** what was searched for is not in the address, so that no history and no proxy's log has it */
  search: hours(4),
  /** the demo's sign-in, from the last page on */
  demo: minutes(15),
} as const

type Purpose = keyof typeof lifetimes

const sealed = z.object({ by: z.string(), until: z.number(), value: z.unknown() })

export type DeskSeals = {
  readonly seal: (purpose: Purpose, member: Pick<Member, 'name'>, value: unknown) => string
  /** The value and whose it is; undefined when it is not ours, of another purpose, or too old. */
  readonly open: (
    purpose: Purpose,
    text: string,
  ) => { readonly by: string; readonly value: unknown } | undefined
}

export function createSeals({ secrets, clock }: { secrets: Secrets; clock: Clock }): DeskSeals {
  return {
    seal: (purpose, { name }, value) =>
      secrets.seal(
        JSON.stringify({ by: name, until: clock() + lifetimes[purpose], value }),
        `desk-${purpose}`,
      ),
    open(purpose, text) {
      const opened = secrets.open(text, `desk-${purpose}`)
      if (opened === undefined) return undefined
      const { by, until, value } = sealed.parse(JSON.parse(opened))
      return clock() <= until ? { by, value } : undefined
    },
  }
}
