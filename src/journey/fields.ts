/** Form fields that never reject: a browser, a script or an attacker may send anything. */
import { z } from 'zod'

/** One text; missing, repeated or too long becomes empty. */
export const text = (maxLength: number) => z.string().max(maxLength).catch('')

/** Any number of texts: one value, several or none. */
export const texts = (maxLength: number, maxCount: number) =>
  z
    .union([
      z.array(z.string().max(maxLength)).max(maxCount),
      z
        .string()
        .max(maxLength)
        .transform((one) => [one]),
    ])
    .catch([])
