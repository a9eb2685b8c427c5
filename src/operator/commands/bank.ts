/** `ninka bank`: whether a bank's gateway keeps the contract of openapi.yaml. Needs nothing of an installation. */
import { readTestCustomers } from '../../bank/contract/customers.ts'
import { checkGateway, type Reported } from '../../bank/contract/report.ts'
import { type BankSettings, readGateway } from '../../bank/http/gateway.ts'
import { type Noun, type Outcome, type Typed, UsageError } from './command.ts'

export const bankCommands: Noun = {
  summary: 'whether a bank’s gateway keeps the contract',
  help: [
    'docs/bank.md tells the bank’s engineer how to build one, and what is in the file of test customers.',
  ],
  verbs: {
    check: {
      takes: [],
      alone: true,
      summary: 'asks a gateway everything that ninka will ask; ends with 1 when an answer is not right',
      help: ['Run it against a test system: it registers one PIN, and tries a few wrong passwords and PINs.'],
      options: {
        url: { type: 'string' },
        customers: { type: 'string' },
        certificate: { type: 'string' },
        key: { type: 'string' },
        authorities: { type: 'string' },
      },
      optionHelp: {
        '--url <origin>': 'of the gateway, such as https://gateway.bank.example; needed',
        '--customers <file>': 'the test customers, as JSON; needed',
        '--certificate <file>': 'PEM: who we are to the gateway, with --key',
        '--key <file>': 'PEM: the key of --certificate',
        '--authorities <file>': 'PEM: whose certificates the gateway may have; else those that Node trusts',
      },
      examples: [
        'bank check --url http://127.0.0.1:3007 --customers src/demo/test-customers.json',
        'bank check --url https://gateway.bank.example --certificate ninka.pem --key ninka.key --customers test.json --json',
      ],
      async run(typed) {
        const customers = readTestCustomers(typed.readFile(needed(typed, 'customers')))
        const gateway = readGateway(gatewayOf(typed))
        return outcomeOf(await checkGateway({ gateway, customers, clock: typed.clock }), typed.isSet('json'))
      },
    },
  },
}

function needed({ text }: Typed, name: string): string {
  const given = text(name)
  if (given === undefined) throw new UsageError(`it needs --${name}`)
  return given
}

function gatewayOf(typed: Typed): BankSettings {
  const url = needed(typed, 'url')
  if (!URL.canParse(url) || new URL(url).origin !== url || !/^https?:/.test(url))
    throw new UsageError('--url is an origin without path, such as https://gateway.bank.example')
  const [certificateFile, keyFile] = [typed.text('certificate'), typed.text('key')]
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new UsageError('--certificate and --key go together')
  return { url, certificateFile, keyFile, authoritiesFile: typed.text('authorities') }
}

function outcomeOf(reported: readonly Reported[], json: boolean): Outcome {
  const count = (verdict: Reported['verdict']) => reported.filter((one) => one.verdict === verdict).length
  const ok = count('failed') === 0
  const summary = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`
  return { ok, says: [summary], data: reported, ...(json ? {} : { stream: linesOf(reported) }) }
}

async function* linesOf(reported: readonly Reported[]): AsyncIterable<string> {
  for (const one of reported) {
    yield `${one.verdict.padEnd(7)}  ${one.name}${one.verdict === 'skipped' ? `: ${one.why}` : ''}`
    if (one.verdict !== 'failed') continue
    yield `           in        ${one.what}`
    yield `           expected  ${one.expected}`
    yield `           got       ${one.got}`
    for (const note of one.notes) yield `           seen      ${note}`
  }
}
