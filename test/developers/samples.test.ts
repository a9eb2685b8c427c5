/** The code samples, as the pages show them, against a real server: each connects a real customer and prints his balances. */
import { spawn } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleNames } from '../../src/developers/words.ts'
import { freePort } from '../../e2e/demo.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { registerSandbox } from '../support/developers.ts'
import { allow, comeBack, walkToConsent } from '../support/walk.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'docs/samples')
const scratch = mkdtempSync(join(tmpdir(), 'ninka-samples-'))
const keyFile = join(scratch, 'key.pem')
let bank: TestBank

beforeAll(async () => {
  const port = await freePort()
  bank = await startBank({ environment: { PORT: String(port) } })
  await bank.server.listen({ host: '127.0.0.1', port })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
})
afterAll(async () => {
  await bank.close()
  rmSync(scratch, { recursive: true })
})

const programs = {
  'openid-client.js': process.execPath,
  'oauth4webapi.js': process.execPath,
  // Debian's own, whose Authlib this is; another one on the path has none
  'python-authlib.py': '/usr/bin/python3',
  'curl.sh': 'sh',
} as const

/** Runs a sample and plays the customer: opens the address that it prints, agrees, and goes where the bank sends him. */
async function run(
  sample: (typeof sampleNames)[number],
  environment: Record<string, string>,
): Promise<{ readonly code: number | null; readonly said: readonly string[]; readonly errors: string }> {
  const child = spawn(programs[sample], [join(folder, sample)], {
    env: { PATH: process.env.PATH, ISSUER: bank.settings.publicUrl, ...environment },
  })
  const said: string[] = []
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const exited = new Promise<number | null>((settle) => child.once('close', settle))
  for await (const line of createInterface(child.stdout)) {
    said.push(line)
    const address = /^Open this in your browser: (\S+)$/.exec(line)?.[1]
    if (!address) continue
    const back = await customerAgrees(new URL(address))
    if (sample === 'curl.sh') child.stdin.write(`${back.href}\n`)
    else await (await fetch(back)).text()
  }
  return { code: await exited, said, errors }
}

async function customerAgrees({ pathname, search }: URL): Promise<URL> {
  const browser = openBrowser(bank)
  const page = await browser.get(pathname + search)
  const base = /^\/journey\/[\w-]+/.exec(page.path)?.[0]
  if (!base) throw new Error(`no journey began: ${page.status} ${page.path}`)
  expect(page.html).toContain('【開発者の試験用】')
  const walk = { browser, base } as Parameters<typeof walkToConsent>[0]
  await walkToConsent(walk, 'mihon02')
  await allow(walk)
  return comeBack(walk)
}

const balances = (said: readonly string[]): string[] => said.filter((line) => /: -?\d+ JPY$/.test(line))

describe('by secret', () => {
  it.each(['openid-client.js', 'python-authlib.py', 'curl.sh'] as const)(
    '%s prints the balances',
    async (sample) => {
      const redirectUri = `http://127.0.0.1:${await freePort()}/callback`
      const { id, secret } = await registerSandbox(bank, { redirectUris: redirectUri })
      const ran = await run(sample, { CLIENT_ID: id, CLIENT_SECRET: secret, REDIRECT_URI: redirectUri })
      expect(ran).toMatchObject({ code: 0, errors: '' })
      expect(balances(ran.said)).toHaveLength(2)
    },
  )
})

describe('by private key and DPoP, under FAPI 2.0', () => {
  it.each(['oauth4webapi.js', 'openid-client.js'] as const)('%s prints the balances', async (sample) => {
    const redirectUri = `http://127.0.0.1:${await freePort()}/callback`
    const jwk = createPublicKey(readFileSync(keyFile)).export({ format: 'jwk' })
    const { id, secret } = await registerSandbox(bank, {
      redirectUris: redirectUri,
      profile: 'fapi2',
      method: 'private_key_jwt',
      senderConstraint: 'dpop',
      jwks: JSON.stringify({ keys: [jwk] }),
    })
    expect(secret).toBe('')
    const ran = await run(sample, { CLIENT_ID: id, KEY_FILE: keyFile, REDIRECT_URI: redirectUri })
    expect(ran).toMatchObject({ code: 0, errors: '' })
    expect(balances(ran.said)).toHaveLength(2)
  })
})

describe('as files', () => {
  it('are whole and short, and the pages show and hand out these very ones', async () => {
    const { html } = await openBrowser(bank).get('/developers/samples')
    for (const name of sampleNames) {
      const text = readFileSync(join(folder, name), 'utf8')
      expect(text.trimEnd().split('\n').length, name).toBeLessThanOrEqual(80)
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      expect(html).toContain(escaped.replaceAll('"', '&quot;').replaceAll("'", '&#39;'))
      const answer = await bank.server.inject({ url: `/developers/samples/${name}` })
      expect(answer.body).toBe(text)
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    }
  })
})
