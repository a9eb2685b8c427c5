/**
 * A customer's PC with client certificates in it: a Chromium with an NSS store of its own, told by its enterprise policy to
 * take a certificate without showing the chooser. Playwright's `clientCertificates` would go through a TLS proxy of its own,
 * and could not show what the browser itself offers, remembers and asks.
 */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { launchChromium } from './customer.ts'

export type Pc = {
  readonly chromium: Browser
  /** Puts the certificate of a .p12 file in, as a customer does by opening it. */
  readonly install: (p12: string, password?: string) => void
  /** The certificate that the store lists under this name. @throws when there is none, or not its key */
  readonly certificate: (name: string) => X509Certificate
  /** Takes all of his certificates out. */
  readonly removeAll: () => void
  readonly close: () => Promise<void>
}

/** @param trusted PEM file of the authority that issued the servers' certificates */
export async function openPc(trusted: string): Promise<Pc> {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-pc-'))
  const store = join(folder, 'home/.pki/nssdb')
  const nss = (program: 'certutil' | 'pk12util', ...args: string[]) =>
    execFileSync(program, ['-d', `sql:${store}`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  mkdirSync(store, { recursive: true })
  nss('certutil', '-N', '--empty-password')
  nss('certutil', '-A', '-t', 'C,,', '-n', 'trusted', '-i', trusted)

  const chromium = await launchChromium({
    executablePath: withPolicies(folder, {
      AutoSelectCertificateForUrls: [JSON.stringify({ pattern: 'https://[*.]cert.localhost', filter: {} })],
    }),
    env: { PATH: process.env.PATH ?? '', HOME: join(folder, 'home') },
  })
  return {
    chromium,
    install(p12, password = 'mihon') {
      nss('pk12util', '-i', p12, '-W', password, '-K', '')
    },
    certificate(name) {
      const keys = nss('certutil', '-K').split('\n')
      if (!keys.some((line) => line.split(/\s/).at(-1) === name)) throw new Error(`no key for ${name}`)
      return new X509Certificate(nss('certutil', '-L', '-n', name, '-a'))
    },
    removeAll() {
      for (const line of nss('certutil', '-L').split('\n')) {
        const [, name, key] = /^(.*?)\s+(u?),u?,u?\s*$/.exec(line) ?? []
        // Several certificates of one subject share one name, and each call takes one out.
        if (name && key) nss('certutil', '-F', '-n', name)
      }
    },
    async close() {
      await chromium.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** A program that starts Chromium with these policies, which it reads in /etc: a mount namespace keeps them from everybody else. */
function withPolicies(folder: string, policies: object): string {
  const etc = join(folder, 'etc')
  mkdirSync(etc)
  if (existsSync('/etc/chromium')) cpSync('/etc/chromium', etc, { recursive: true })
  mkdirSync(join(etc, 'policies/managed'), { recursive: true })
  writeFileSync(join(etc, 'policies/managed/ninka.json'), JSON.stringify(policies))
  const program = join(folder, 'chromium')
  const asUser = process.getuid?.() === 0 ? '' : '--map-root-user '
  writeFileSync(
    program,
    `#!/bin/sh
exec unshare ${asUser}--mount sh -c 'mount --bind ${etc} /etc/chromium && exec /usr/bin/chromium "$@"' sh "$@"
`,
  )
  chmodSync(program, 0o755)
  return program
}
