/** Who may import whom: the rules of the map in src/README.md, held. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../src')

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean }

const imports: readonly Import[] = globSync('**/*.ts', { cwd: root }).flatMap((from) =>
  [...readFileSync(join(root, from), 'utf8').matchAll(/^import (type )?[\s\S]*?from '([^']+)'/gm)].map(
    (match) => ({ from, to: resolved(from, match[2] ?? ''), typeOnly: match[1] !== undefined }),
  ),
)

/** What is loaded only where it is wanted. */
const loads = globSync('**/*.ts', { cwd: root }).flatMap((from) =>
  [...readFileSync(join(root, from), 'utf8').matchAll(/(?<!typeof )import\('([^']+)'\)/g)].map((match) => ({
    from,
    to: resolved(from, match[1] ?? ''),
  })),
)

function resolved(from: string, target: string): string {
  return target.startsWith('.') ? relative(root, join(root, dirname(from), target)) : target
}

const offenders = (rule: (one: Import) => boolean): string[] =>
  imports.filter(rule).map(({ from, to }) => `${from} -> ${to}`)

describe('imports', () => {
  it('are found at all', () => {
    expect(imports.length).toBeGreaterThan(100)
  })

  it('of next-step.ts are types only', () => {
    expect(offenders(({ from, typeOnly }) => from === 'journey/next-step.ts' && !typeOnly)).toEqual([])
  })

  it('of the journey know the bank by its port, and neither store nor Fastify in any step', () => {
    const steps = ({ from }: Import) =>
      from.startsWith('journey/') && !/(routes|answers|visit|finish|leave)\.ts$/.test(from)
    expect(offenders((one) => steps(one) && one.to === 'fastify')).toEqual([])
    expect(offenders((one) => steps(one) && one.to.startsWith('store/') && !one.typeOnly)).toEqual([])
    expect(
      offenders(({ from, to }) => from.startsWith('journey/') && /^bank\/(http|simulator)/.test(to)),
    ).toEqual([])
  })

  it('of the engine’s fence do not know the journey', () => {
    expect(offenders(({ from, to }) => from.startsWith('provider/') && to.startsWith('journey/'))).toEqual([])
  })

  it('of the certificate origin do not know the journey', () => {
    const inner = /^(journey|web|provider)\//
    expect(offenders(({ from, to }) => from.startsWith('certificate/') && inner.test(to))).toEqual([])
  })

  it('of the demo, the developers’ pages and the simulator stay with the two programs', () => {
    const outside = ({ from, typeOnly }: Import) =>
      !/^(main\.ts|ninka\.ts|demo\/|developers\/|bank\/simulator\/)/.test(from) &&
      !(typeOnly && from.startsWith('web/messages/developers-'))
    expect(
      offenders((one) => outside(one) && /^(demo\/|developers\/|bank\/simulator\/)/.test(one.to)),
    ).toEqual([])
  })

  it('of these happen in a demo only, from the few places that know what mode it is', () => {
    const ofDemo = loads.filter(({ to }) => /^(demo\/|developers\/|bank\/simulator\/)/.test(to))
    expect(new Set(ofDemo.map(({ from }) => from))).toEqual(
      new Set(['app.ts', 'bank/chosen.ts', 'main.ts', 'origins.ts', 'primary.ts', 'serve.ts']),
    )
  })

  it('lead to process.env and process.exit in the two programs only', () => {
    for (const file of globSync('**/*.ts', { cwd: root })) {
      if (file === 'main.ts' || file === 'ninka.ts') continue
      expect(readFileSync(join(root, file), 'utf8'), file).not.toMatch(/process\.(env|exit)\b/)
    }
  })
})
