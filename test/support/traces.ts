/** Everything a bank leaves behind, and the search in it: a secret is found in clear, encoded, hashed or within a sealed cookie. */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { LightMyRequestResponse } from 'fastify'
import type { TestBank } from './bank.ts'

export type Place = 'log' | 'table' | 'page' | 'address' | 'way back' | 'cookie' | 'figure' | 'call'

export type Trace = { readonly place: Place; readonly what: string; readonly text: string }

export type Secret = {
  readonly name: string
  readonly value: string
  /** where it belongs; it is a leak anywhere else */
  readonly mayStandIn?: readonly Place[]
  /** long and random, so that its plain digest gives nothing away and may be stored */
  readonly isStoredHashed?: boolean
}

/** The leaks in words, at most one for each secret and trace: `the PIN in a table (audit)`. */
export function leaksOf(traces: readonly Trace[], secrets: readonly Secret[]): string[] {
  return traces.flatMap(({ place, what, text }) => {
    const forms = clearForms(text)
    return secrets
      .filter(({ mayStandIn = [] }) => !mayStandIn.includes(place))
      .filter((secret) => spellings(secret).some((spelling) => forms.some((form) => form.includes(spelling))))
      .map(({ name }) => `${name} in a ${place} (${what})`)
  })
}

/** @param answers every answer the bank gave */
export async function tracesOf(
  bank: TestBank,
  answers: readonly LightMyRequestResponse[],
): Promise<readonly Trace[]> {
  return [
    ...bank.logged.map((text): Trace => ({ place: 'log', what: 'line', text })),
    ...(await tables(bank)),
    { place: 'figure', what: '/metrics', text: (await bank.internalServer.inject('/metrics')).body },
    ...answers.flatMap((answer) => [...pages(answer), ...addresses(bank, answer), ...cookies(bank, answer)]),
  ]
}

async function tables({ db }: TestBank): Promise<Trace[]> {
  const found = await db.introspection.getTables()
  const rows = found.map(async ({ name }) =>
    (await sql`select * from ${sql.table(name)}`.execute(db)).rows.map(
      (row): Trace => ({ place: 'table', what: name, text: JSON.stringify(row) }),
    ),
  )
  return (await Promise.all(rows)).flat()
}

/** What people read. JSON is for programs, which get their tokens there, and nobody sees what comes with a redirect. */
function pages({ statusCode, headers, body, raw }: LightMyRequestResponse): Trace[] {
  const isPage = String(headers['content-type']).startsWith('text/html') && statusCode !== 303
  return isPage ? [{ place: 'page', what: raw.req.url ?? '', text: body }] : []
}

function addresses({ settings }: TestBank, { headers, raw }: LightMyRequestResponse): Trace[] {
  const { location } = headers
  if (typeof location !== 'string') return []
  const place = location.startsWith(settings.fintechUrl) ? 'way back' : 'address'
  return [{ place, what: `from ${raw.req.url}`, text: location }]
}

/** A cookie as its owner sees it, and ours opened as nobody but us can. */
function cookies({ server }: TestBank, answer: LightMyRequestResponse): Trace[] {
  return answer.cookies.flatMap(({ name, value }) => {
    const opened = name.endsWith('journey') ? server.decodeSecureSession(value) : null
    const inside = opened ? JSON.stringify(opened.data()) : ''
    return [value, inside].map((text): Trace => ({ place: 'cookie', what: name, text }))
  })
}

/** The text itself, without its escapes, and what its base64 stretches say; whatever that holds is read once more. */
function clearForms(text: string, depth = 2): string[] {
  if (depth === 0) return [text]
  const unescaped = text
    .replaceAll(/(%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/&#(x?)([0-9a-f]+);/gi, (_all, hex: string, code: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(code, hex ? 16 : 10) || 0, 0x10ffff)),
    )
  const decoded = [...unescaped.matchAll(/[\w+/-]{8,}/g)].map(([run]) =>
    Buffer.from(run, 'base64').toString(),
  )
  const further = decoded.filter((form) => /^[\x20-\x7e]{8,}/.test(form))
  return [text, unescaped, decoded.join('\n'), ...further.flatMap((form) => clearForms(form, depth - 1))]
}

/** As it is, as another keyboard writes it, and what anybody could test a guess against. */
function spellings({ value, isStoredHashed }: Secret): string[] {
  const wide = value.replaceAll(/[!-~]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0))
  const bytes = Buffer.from(value)
  const clear = [value, wide, bytes.toString('hex'), bytes.toString('base64url')]
  if (isStoredHashed) return clear
  const digest = createHash('sha256').update(value).digest()
  return [...clear, digest.toString('hex'), digest.toString('base64'), digest.toString('base64url')]
}
