/** Alerts and dashboard of deploy/ speak of figures that there are, by labels that they have; and docs/metrics.md of every alert. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { startBank, type TestBank } from '../support/bank.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const duration = z.string().regex(/^\d+[smhd]$/)
const { groups } = z
  .strictObject({
    groups: z.array(
      z.strictObject({
        name: z.string(),
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Ninka[A-Z]\w+$/),
            expr: z.string(),
            for: duration.optional(),
            labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
            annotations: z.strictObject({ summary: z.string().min(10) }),
          }),
        ),
      }),
    ),
  })
  .parse(parse(read('deploy/alerts.yml')))
const alerts = groups.flatMap(({ rules }) => rules)

const { panels } = z
  .looseObject({
    panels: z.array(
      z.looseObject({
        id: z.number(),
        title: z.string(),
        targets: z.array(z.looseObject({ expr: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(read('deploy/grafana-dashboard.json')))

const expressions = [
  ...alerts.map(({ alert, expr }) => ({ where: alert, expr })),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr }))),
]

/** The series' own names in an expression, without what a histogram adds. */
const namesIn = (expr: string): readonly string[] =>
  [...expr.matchAll(/\b(?:ninka|nodejs|process)_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))

let bank: TestBank
let told: ReadonlySet<string>
beforeAll(async () => {
  // A process of its own asks for these, which a bank of the tests does not.
  const metrics = createMetrics()
  metrics.watchProcess()
  bank = await startBank()
  const text = (await bank.internalServer.inject('/metrics')).body + (await metrics.text())
  told = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name ?? ''))
})
afterAll(() => bank.close())

describe('alerts and dashboard', () => {
  it('are there at all, each by a name of its own', () => {
    expect(alerts.length).toBeGreaterThan(15)
    expect(panels.length).toBeGreaterThan(20)
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })

  it('name only figures that /metrics tells', () => {
    const unknown = expressions.flatMap(({ where, expr }) =>
      namesIn(expr)
        .filter((name) => !told.has(name))
        .map((name) => `${where}: ${name}`),
    )
    expect(unknown).toEqual([])
    expect(expressions.filter(({ expr }) => namesIn(expr).length === 0)).toEqual([])
  })

  it('close what they open', () => {
    const count = (text: string, one: string) => text.split(one).length
    for (const { where, expr } of expressions)
      for (const [open = '', close = ''] of ['()', '[]', '{}'])
        expect(count(expr, open), `${where} ${open}`).toBe(count(expr, close))
  })

  it('compare only what has the same labels, or say which they leave out', () => {
    const aggregated = /^\(*(?:sum|max|min|count|absent|histogram_quantile)\b|^on \(|^ignoring \(/
    // Series of one figure have the labels of one figure.
    const ofOne = /(ninka_\w+\{[^}]*\}) unless \1 offset/g
    const plain = alerts.flatMap(({ alert, expr }) => {
      const [, ...sides] = expr.replaceAll(ofOne, 'same').split(/ (?:and|unless|or) /)
      return sides.filter((side) => !aggregated.test(side)).map((side) => `${alert}: ${side}`)
    })
    expect(plain).toEqual([])
  })

  it('know that what never happened has no series, and that one begins with the first time', () => {
    for (const { alert, expr } of alerts) {
      expect(expr, alert).not.toMatch(/increase\(.*== 0/s)
      if (/increase\(.*\) > 0/.test(expr) && !expr.includes('unless sum'))
        expect(expr, alert).toMatch(/ offset /)
    }
  })

  it('show every figure of ours somewhere', () => {
    const used = new Set(expressions.flatMap(({ expr }) => namesIn(expr)))
    expect([...told].filter((name) => name.startsWith('ninka_') && !used.has(name))).toEqual([])
  })
})

describe('docs/metrics.md', () => {
  const docs = read('docs/metrics.md')

  it('says what to do about every alert', () => {
    expect(alerts.map(({ alert }) => alert).filter((alert) => !docs.includes(`\`${alert}\``))).toEqual([])
  })

  it('names every figure of ours, and no other', () => {
    const named = new Set([...docs.matchAll(/`(ninka_\w+)`/g)].map(([, name]) => name ?? ''))
    expect([...named].toSorted()).toEqual([...told].filter((name) => name.startsWith('ninka_')).toSorted())
  })
})
