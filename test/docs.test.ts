/** What the guides say must be so: every command, option, setting, file and address within them is there, and none is left out. */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { describe, expect, it } from 'vitest'
import { calendarSchema } from '../src/institution-hours.ts'
import { certificateRules } from '../src/institution.ts'
import { nouns } from '../src/operator/commands/nouns.ts'
import { readStaff } from '../src/operator/desk/staff.ts'
import { readSettings } from '../src/settings.ts'
import { writtenRegistration } from '../src/store/registration.ts'

const root = join(import.meta.dirname, '..')
const guides = ['README.md', 'src/README.md', ...globSync('docs/*.md', { cwd: root })].map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}))

/** Code as it stands in a sentence, and each line of a block. */
const codeOf = (text: string): string[] => {
  const blocks = [...text.matchAll(/^ *```\w*\n([\s\S]*?)^ *```/gm)].map(([, block = '']) => block)
  const rest = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
  return [
    ...blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n')),
    ...[...rest.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
  ].map((code) => code.trim())
}

type Typed = {
  readonly noun: string
  readonly verb: string
  readonly options: readonly string[]
  /** everything after the verb, where the command stands there to be typed */
  readonly args: readonly string[] | undefined
}

/** `npm run ninka -- keys add`, `ninka keys add` and, in a sentence, `keys add`. */
function typedIn(code: string): Typed | undefined {
  const meant = code.replace(/^.*(?:npm run ninka --|(?:^|\s)ninka|ninka\.ts)\s+(?=\w)/, '')
  const [said = ''] = meant.split(/ (?:\||>|<|#|&&) /)
  const [, noun = '', verb = '', rest = ''] = /^([a-z]+) ([a-z][a-z-]*)\b(.*)$/.exec(said) ?? []
  if (noun === '' || noun === 'help' || (meant === code && !nouns[noun])) return undefined
  const args: readonly string[] = rest.match(/"[^"]*"|<[^>]*>\S*|\S+/g) ?? []
  return {
    noun,
    verb,
    options: args.flatMap((arg) => /^--([a-z-]+)/.exec(arg)?.[1] ?? []),
    args: meant === code || args.includes('…') ? undefined : args,
  }
}

/** What `doctor` calls its findings; `bank reached` is none of the verbs. */
const findings = ['inside', 'outside'].flatMap((file) =>
  [...readFileSync(join(root, `src/operator/${file}.ts`), 'utf8').matchAll(/name: '([^']+)'/g)].map(
    ([, name = '']) => name,
  ),
)

const typed = guides.flatMap(({ file, text }) =>
  codeOf(text).flatMap((code) => {
    const one = findings.includes(code) ? undefined : typedIn(code)
    return one && one.noun !== 'doctor' ? [{ ...one, where: `${file}: ${code}` }] : []
  }),
)

describe('commands', () => {
  it('that a guide names are there, with their options', () => {
    expect(typed.length).toBeGreaterThan(60)
    for (const { noun, verb, options, where } of typed) {
      const known = nouns[noun]?.verbs[verb]
      expect(known ?? (verb === 'help' ? {} : undefined), where).toBeDefined()
      const its = ['json', 'by', 'reason', ...Object.keys(known?.options ?? {})]
      for (const option of options) expect(its, where).toContain(option)
    }
  })

  it('that stand there to be typed have every word and option that they take, and no other', () => {
    const whole = typed.flatMap(({ args, ...one }) => (args ? [{ args, ...one }] : []))
    expect(whole.length).toBeGreaterThan(40)
    for (const { noun, verb, args, where } of whole) {
      const { takes = [], options = {}, optionHelp = {} } = nouns[noun]?.verbs[verb] ?? {}
      const common = {
        json: { type: 'boolean' },
        by: { type: 'string' },
        reason: { type: 'string' },
      } as const
      const { values, positionals } = parseArgs({
        args: [...args],
        options: { ...common, ...options },
        allowPositionals: true,
      })
      expect(positionals, where).toHaveLength(takes.length)
      const needed = Object.entries(optionHelp).filter(([, means]) => /\bneeded\b/.test(means))
      for (const [option] of needed)
        expect(Object.keys(values), where).toContain(/^--(\S+)/.exec(option)?.[1])
    }
  })

  it('are all in the table of the command line', () => {
    const { text = '' } = guides.find(({ file }) => file === 'docs/command-line.md') ?? {}
    for (const [noun, { verbs }] of Object.entries(nouns)) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${noun}\` `)) ?? ''
      const named = [...row.matchAll(/`([a-z-]+)`/g)].slice(1).map(([, verb = '']) => verb)
      expect(named.toSorted(), noun).toEqual(Object.keys(verbs).toSorted())
    }
  })
})

describe('settings', () => {
  const source = readFileSync(join(root, 'src/settings-given.ts'), 'utf8')
  const known = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): ?\S/gm)].map(([, name = '']) => name)
  /** Other programs' own, and those of the samples. */
  const foreign = /^(NODE_|MALLOC_|ISSUER$|CLIENT_|REDIRECT_|ACCESS_|REFRESH_|NINKA_PROXY_SECRET$|NINKA_AT$)/

  it('are what the program reads', () => {
    expect(known.length).toBeGreaterThan(20)
    for (const name of known)
      expect(() => readSettings({ [name]: {} as string }), name).toThrow(new RegExp(`^${name}: `, 'm'))
  })

  it('that a guide names are read', () => {
    for (const { file, text } of guides)
      for (const code of codeOf(text))
        for (const [, name = ''] of code.matchAll(/(?:^|\s|\{)([A-Z]{2,}_[A-Z_]*[A-Z])(?==|$)/g))
          if (!foreign.test(name)) expect(known, `${file}: ${code}`).toContain(name)
  })

  it('are each explained in a guide', () => {
    const said = new Set(
      guides.flatMap(({ text }) => codeOf(text)).flatMap((code) => code.match(/\w+/g) ?? []),
    )
    // What npm's scripts set.
    expect(known.filter((name) => !said.has(name) && name !== 'NINKA_MODE')).toEqual([])
  })
})

describe('examples of files', () => {
  /** The first of a guide, as JSON; one that shows an entry of a file is put into braces. */
  const exampleIn = (guide: string): Record<string, unknown> => {
    const { text = '' } = guides.find(({ file }) => file === guide) ?? {}
    const [, block = ''] = /^```json\n([\s\S]*?)^```/m.exec(text) ?? []
    return JSON.parse(block.startsWith('"') ? `{${block}}` : block) as Record<string, unknown>
  }

  it('are what the program reads', () => {
    expect(calendarSchema.parse(exampleIn('docs/institution.md').calendar).maintenance).toHaveLength(1)
    expect(certificateRules.parse(exampleIn('docs/certificates.md').certificates).noticeDays).toBe(30)
    expect(writtenRegistration.parse(exampleIn('docs/command-line.md')).id).toBe('books')
    const folder = mkdtempSync(join(tmpdir(), 'ninka-guides-'))
    const whole = JSON.stringify(exampleIn('docs/desk.md')).replace('AB:CD:…', 'AB'.repeat(32))
    writeFileSync(join(folder, 'staff.json'), whole)
    expect(readStaff(join(folder, 'staff.json')).staff).toHaveLength(2)
    rmSync(folder, { recursive: true })
  })
})

describe('the security guide', () => {
  const { text: guide = '' } = guides.find(({ file }) => file === 'docs/security.md') ?? {}
  const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'))

  it('says of every table what of a person is in it', () => {
    const schema = readFileSync(join(root, 'src/store/schema.ts'), 'utf8')
    const tables = [...schema.matchAll(/^ {2}([a-z_]+): \{/gm)].map(([, table = '']) => table)
    expect(tables.length).toBeGreaterThan(15)
    for (const table of tables) expect(guide).toContain(`\`${table}\``)
  })

  it('names every cookie', () => {
    const names = sources.flatMap((source) => [
      ...[...source.matchAll(/`?(?:__Secure-|\$\{prefix\})([a-z-]+)/g)].map(([, name = '']) => name),
      ...[...source.matchAll(/(?:languageCookie|cookieName) = '([a-z-]+)'/g)].map(([, name = '']) => name),
    ])
    // The demo fintech's own is no cookie of the bank.
    const ours = new Set(names.filter((name) => name !== 'fintech'))
    expect(ours.size).toBeGreaterThan(7)
    for (const name of ours) expect(guide).toContain(`| \`${name}\``.replace('| `resume', '`resume'))
  })

  it('leads to every test that attacks', () => {
    for (const file of globSync('test/attacks/*.test.ts', { cwd: root }))
      expect(guide).toContain(`](../${file})`)
  })
})

describe('links', () => {
  it('lead to files and headings that are there', () => {
    const links = guides.flatMap(({ file, text }) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ file, target })),
    )
    for (const { file, target } of links) {
      if (/^https?:/.test(target)) continue
      const [path = '', heading] = target.split('#')
      const to = path === '' ? join(root, file) : join(root, dirname(file), path)
      expect(existsSync(to), `${file}: ${target}`).toBe(true)
      if (heading !== undefined)
        expect(headingsOf(readFileSync(to, 'utf8')), `${file}: ${target}`).toContain(heading)
    }
    expect(links.length).toBeGreaterThan(40)
  })
})

/** As they are addressed. */
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )
