// Holds the package policy: exact versions, permissive licences, no install script at run time, no host named.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isAllowed } from './support/licences.ts'

interface Package {
  readonly license?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
  readonly resolved?: string
  readonly optionalDependencies?: Record<string, string>
}

const lockfile = read<{ packages: Record<string, Package> }>('package-lock.json')
const packages = Object.entries(lockfile.packages).filter(([path]) => path !== '')
const atRunTime = packages.filter(([, { dev }]) => !dev)

test('no package of the run-time tree runs a script at install', () => {
  expect(atRunTime.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([])
})

test('every package of the run-time tree has a permissive licence', () => {
  const licences = atRunTime.map(([path, { license }]) => ({ path, licence: license ?? licenceInside(path) }))
  expect(licences.filter(({ licence }) => !isAllowed(licence))).toEqual([])
  expect(licences.length).toBeGreaterThan(50)
})

test('package.json asks for exact versions', () => {
  const { dependencies, devDependencies, optionalDependencies } =
    read<Record<string, Record<string, string>>>('package.json')
  const asked = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
  expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  expect(asked.length).toBeGreaterThan(10)
})

// npm leaves out what its registry does not serve, and then refuses its own lockfile on a clean clone. Such a
// package (a tool's binary for another system) is added by hand: version, os, cpu, libc, dev, optional.
test('every optional package asked for is in the lockfile, else npm ci refuses it', () => {
  const asked = packages.flatMap(([, { optionalDependencies }]) => Object.keys(optionalDependencies ?? {}))
  const known = new Set(
    packages.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
  )
  expect(asked.filter((name) => !known.has(name))).toEqual([])
})

test('the lockfile names no host to fetch from', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
})

function licenceInside(path: string) {
  return read<Package>(`${path}/package.json`).license ?? 'none stated'
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
}
