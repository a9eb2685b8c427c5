/** The weights and thresholds of 追加認証 as the institution file may set them. docs/institution.md explains the defaults. */
import { z } from 'zod'

const weight = (usual: number) => z.number().int().min(0).max(1000).default(usual)
const hourOfDay = z.number().int().min(0).max(23)

export const riskRules = z
  .strictObject({
    askAt: z.number().int().min(1).max(10_000).default(60),
    refuseAt: z.number().int().min(1).max(10_000).default(160),
    weights: z
      .strictObject({
        bankSignal: weight(60),
        firstSignIn: weight(10),
        newDevice: weight(30),
        newNetwork: weight(30),
        networkChanged: weight(10),
        newBrowser: weight(10),
        longAbsence: weight(10),
        unusualHour: weight(10),
        wrongTry: weight(10),
        busyNetwork: weight(40),
        firstConnection: weight(10),
      })
      .prefault({}),
    /** in Japan; `until` is not part of it */
    unusualHours: z.strictObject({ from: hourOfDay, until: hourOfDay }).default({ from: 0, until: 5 }),
    busyNetworkFrom: z.number().int().min(1).max(10_000).default(20),
    longAbsenceDays: z.number().int().min(1).max(3650).default(120),
    /** a browser that nobody used for so long is forgotten */
    rememberDays: z.number().int().min(1).max(3650).default(365),
  })
  .refine(({ askAt, refuseAt }) => refuseAt > askAt, 'refuseAt must be above askAt')

export type RiskRules = z.infer<typeof riskRules>
