/** From a refusal to what its developer should read: which parameter, which rule, where it is written, what to do. */
import type { Rule } from './rule.ts'
import { rulesOfApis } from './rules-of-apis.ts'
import { rulesOfClients } from './rules-of-clients.ts'
import { rulesOfGrants } from './rules-of-grants.ts'
import { rulesOfRequests } from './rules-of-requests.ts'
import { rulesOfTokens } from './rules-of-tokens.ts'

export type Refused = {
  readonly error: string
  /** as the client reads it, without the number */
  readonly description: string | null
  /** what the engine told its log beyond that */
  readonly detail: string | null
}

export type Explanation = {
  readonly parameter: string | null
  readonly rule: string
  readonly section: string
  readonly help: string
  readonly tell: string | null
  /** false: nothing is known but the code of the error */
  readonly specific: boolean
}

const rules: readonly Rule[] = [
  ...rulesOfClients,
  ...rulesOfGrants,
  ...rulesOfRequests,
  ...rulesOfTokens,
  ...rulesOfApis,
]

/** The detail is more exact than the description, so it is asked first. */
export function explain({ error, description, detail }: Refused): Explanation {
  for (const said of [detail, description ?? '']) {
    if (said === null) continue
    const text = `${error}: ${said}`
    const rule = rules.find(({ on }) => on.test(text))
    if (rule) return explanationBy(rule, text)
  }
  return {
    parameter: null,
    rule: 'The request does not follow the protocol; the description says all that is known.',
    section: sectionOfCode[error] ?? 'RFC 6749 section 5.2',
    help: 'Compare the request with the section, and tell the bank the number if that does not help.',
    tell: null,
    specific: false,
  }
}

/** True for a detail that the table knows. Others may hold what was sent, as a parser's message does, and are not kept. */
export const isKnown = (error: string, detail: string): boolean =>
  rules.some(({ on }) => on.test(`${error}: ${detail}`) && !on.test(`${error}: `))

function explanationBy({ on, parameter, rule, section, help, tell }: Rule, text: string): Explanation {
  const found = on.exec(text)?.[1] ?? ''
  return {
    parameter: parameter?.replace('$1', found) ?? null,
    rule,
    section,
    help,
    tell: tell ?? null,
    specific: true,
  }
}

const sectionOfCode: Readonly<Record<string, string>> = {
  invalid_request: 'RFC 6749 section 4.1.2.1',
  invalid_client: 'RFC 6749 section 5.2',
  invalid_grant: 'RFC 6749 section 5.2',
  invalid_scope: 'RFC 6749 section 3.3',
  invalid_request_object: 'RFC 9101 section 7',
  invalid_token: 'RFC 6750 section 3.1',
}
