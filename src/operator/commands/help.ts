/** The help of the command line, made from the commands themselves. */
import type { Noun, Verb } from './command.ts'

const called = 'npm run ninka --'

export function overview(nouns: Readonly<Record<string, Noun>>): string {
  const rows = [...Object.entries(nouns).map(([name, { summary }]) => [name, summary] as const), doctor]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    `usage: ${called} <command> <verb> [words] [--options]`,
    '',
    ...rows.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    `What a command can do: ${called} <command> help`,
    'Every command takes --json (one JSON value in place of lines) and --by <name> (you, when the',
    'name you are logged in with is not yours). Whatever changes something needs --reason "why":',
    'both go into the audit.',
    '',
    'It ends with 0 when it is done, 1 when it is not so or could not be done, 2 when it was typed',
    'wrongly or could not start. It reads the same settings as the service: run it where that runs.',
  ].join('\n')
}

const doctor = ['doctor', 'looks at the whole installation; options: doctor --help'] as const

export function helpOfNoun(name: string, { summary, help = [], verbs }: Noun): string {
  return [
    `${name}: ${summary}`,
    ...(help.length > 0 ? ['', ...help] : []),
    ...Object.entries(verbs).flatMap(([verb, its]) => ['', ...linesOfVerb(name, verb, its)]),
  ].join('\n')
}

export const helpOfVerb = (name: string, verb: string, its: Verb): string =>
  linesOfVerb(name, verb, its).join('\n')

function linesOfVerb(name: string, verb: string, its: Verb): string[] {
  const { takes, summary, help = [], examples, optionHelp = {}, changes } = its
  const options = Object.entries(optionHelp)
  const width = Math.max(0, ...options.map(([option]) => option.length))
  const usage = [
    name,
    verb,
    ...takes,
    ...(changes ? ['--reason "…"'] : []),
    ...(options.length > 0 ? ['[options]'] : []),
  ]
  return [
    usage.join(' '),
    `    ${summary}`,
    ...help.map((one) => `    ${one}`),
    ...options.map(([option, means]) => `      ${option.padEnd(width)}  ${means}`),
    ...examples.map((example) => `    $ ${called} ${example}`),
  ]
}
