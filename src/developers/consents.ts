/** The consents of a developer's own sandbox client, and what he can let happen to one of them. Another client's is as unknown as none. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { text } from '../journey/fields.ts'
import { listConsentsOfClient } from '../store/consents.ts'
import { consentView, downView, lineOf } from './consent-view.ts'
import { accountControls, bankStates, downMinutes } from './control-words.ts'
import { controlAccount, controlBank, passDays, stopAsCustomer } from './controls.ts'
import { base, type DeveloperParts, type OwnVisit, serveOwn } from './visit.ts'

const most = 100

/** Longer than any period and the time for renewal behind it. */
const mostDays = 400

const daysForm = z.object({ days: text(10) })
const accountForm = z.object({ account: text(64), control: z.enum(accountControls) })
const bankForm = z.object({
  state: z.enum(bankStates),
  duration: z.coerce
    .number()
    .refine((n) => downMinutes.some((one) => one === n))
    .default(0),
})

export function consentRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  const { bankControls } = parts
  // Without a simulated bank there is nothing here to play with.
  if (!bankControls) return
  const controls = { ...parts, bankControls }
  const path = `${base}/client/consents` as const
  const one = `${path}/:number` as const

  serveOwn(app, parts, `GET ${path}`, async (visit) => {
    const { client, t } = visit
    const found = await listConsentsOfClient(parts.db, client.id, most)
    const view = {
      consents: found.map((consent) => lineOf(consent, visit)),
      down: await downView(bankControls, client.id),
    }
    return visit.show(
      { title: t.controls.title, said: visit.said() },
      { template: 'developers/consents', view },
    )
  })

  serveOwn(app, parts, `POST ${path}/bank`, async (visit) => {
    const read = bankForm.safeParse(visit.body ?? {})
    if (!read.success) return visit.say(path, { done: 'unchanged' })
    await controlBank(controls, visit.client.id, read.data)
    return visit.say(path, { done: 'bank-changed' })
  })

  serveOwn(app, parts, `GET ${one}`, async (visit) => {
    const consent = await ownConsent(parts, visit)
    if (!consent) return visit.notFound()
    const said = visit.said()
    return visit.show(
      { title: visit.t.controls.consent(consent.number), said },
      { template: 'developers/consent', view: await consentView(controls, visit, { consent, said }) },
    )
  })

  serveOwn(app, parts, `POST ${one}/days`, async (visit) => {
    const consent = await ownConsent(parts, visit)
    if (!consent) return visit.notFound()
    const page = `${path}/${consent.number}`
    const { days } = daysForm.parse(visit.body ?? {})
    const n = /^\d{1,3}$/.test(days.trim().normalize('NFKC')) ? Number(days.trim().normalize('NFKC')) : 0
    if (n < 1 || n > mostDays)
      return visit.say(page, { errors: [{ code: 'days-form', field: 'days' }], kept: { days } })
    await passDays(controls, consent, n)
    return visit.say(page, { done: 'days-passed' })
  })

  serveOwn(app, parts, `POST ${one}/stop`, async (visit) => {
    const consent = await ownConsent(parts, visit)
    if (!consent) return visit.notFound()
    const stopped = await stopAsCustomer(controls, consent)
    return visit.say(`${path}/${consent.number}`, { done: stopped ? 'consent-stopped' : 'consent-over' })
  })

  serveOwn(app, parts, `POST ${one}/account`, async (visit) => {
    const consent = await ownConsent(parts, visit)
    if (!consent) return visit.notFound()
    const read = accountForm.safeParse(visit.body ?? {})
    const changed = read.success && (await controlAccount(controls, consent, read.data))
    return visit.say(`${path}/${consent.number}`, { done: changed ? 'account-changed' : 'unchanged' })
  })
}

async function ownConsent({ consents }: Pick<DeveloperParts, 'consents'>, { client, parameter }: OwnVisit) {
  const consent = await consents.findByNumber(parameter('number'))
  return consent?.client === client.id ? consent : undefined
}
