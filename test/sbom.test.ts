/** The list of parts that a bank gets with a release: the command of docs/security.md, against the lock file. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { isAllowed } from './support/licences.ts'

const root = join(import.meta.dirname, '..')

type Component = {
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly licenses?: readonly { readonly license?: { readonly id: string }; readonly expression?: string }[]
}
type Bom = {
  readonly bomFormat: string
  readonly metadata: { readonly component: { readonly purl: string } }
  readonly components: readonly Component[]
}

let text: string
let bom: Bom
beforeAll(async () => {
  const guide = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
  const command = /```sh\n(here=[\s\S]*?)```/.exec(guide)?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'ninka-sbom-'))
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(root, file), join(folder, file))
  // An empty cache: nothing may have to be fetched.
  const env = { ...process.env, npm_config_cache: join(folder, 'cache'), TMPDIR: folder }
  await promisify(execFile)('sh', ['-e', '-c', command], { cwd: folder, env })
  text = readFileSync(join(folder, 'ninka.cdx.json'), 'utf8')
  bom = JSON.parse(text) as Bom
  rmSync(folder, { recursive: true })
}, 60_000)

it('is CycloneDX, of this program and says nothing of the place where it was made', () => {
  expect(bom.bomFormat).toBe('CycloneDX')
  expect(bom.metadata.component.purl).toMatch(/^pkg:npm\/ninka@/)
  expect(text).not.toContain(tmpdir())
})

it('lists what runs in production, all of it and nothing else', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; dev?: boolean; optional?: boolean }>
  }
  const atRunTime = Object.entries(packages)
    .filter(([path, { dev, optional }]) => path !== '' && !dev && !optional)
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`)
  expect(bom.components.map(({ name, version }) => `${name}@${version}`).toSorted()).toEqual(
    atRunTime.toSorted(),
  )
  expect(atRunTime.length).toBeGreaterThan(50)
  for (const { purl, version } of bom.components) expect(purl).toContain(`@${version}`)
})

it('says of each the licence, and each is one that a bank may use', () => {
  const licences = bom.components.map(({ name, licenses = [] }) => ({
    name,
    licence: licenses.map(({ license, expression }) => license?.id ?? expression ?? '').join(' AND '),
  }))
  expect(licences.filter(({ licence }) => !isAllowed(licence))).toEqual([])
})
