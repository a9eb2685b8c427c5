/** 手順 3 認可業務選択: which services the fintech may use. Not shown for fintechs whose customers do not choose. */
import { z } from 'zod'
import { texts } from './fields.ts'
import { defineStep, keptList } from './step.ts'

export const chooseServices = defineStep({
  fields: z.object({ services: texts(40, 20) }).catch({ services: [] }),

  keep: ({ services }) => ({ services }),

  async page({ offered, barredServices, facts, past }, kept) {
    const before = facts.services ?? past.former?.services ?? []
    const ticked = new Set(keptList(kept, 'services') ?? before)
    const services = offered.map((name) => ({ name, ticked: ticked.has(name) }))
    return { view: { services, barred: barredServices } }
  },

  async submit({ offered }, fields) {
    const services = offered.filter((name) => fields.services.includes(name))
    if (services.length === 0) return { errors: [{ code: 'services-missing', field: 'services' }] }
    return { learned: { services, servicesFrom: undefined } }
  },
})
