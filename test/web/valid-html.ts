/** What valid HTML is here: html-validate's own rules, and the few that our pages have a reason to read otherwise. */
import { HtmlValidate, StaticConfigLoader } from 'html-validate'

const validator = new HtmlValidate(
  new StaticConfigLoader({
    root: true,
    extends: ['html-validate:recommended', 'html-validate:a11y', 'html-validate:document'],
    elements: ['html5'],
    rules: {
      // A group of check boxes or radio buttons is one field.
      'form-dup-name': ['error', { shared: ['checkbox', 'radio', 'submit'] }],
      // The summary of errors stands before the h1, so that it is met first (GOV.UK's error summary).
      'heading-level': ['error', { minInitialRank: 'h2' }],
      // The manual's titles are long and stand in front of the bank's name, letter for letter.
      'long-title': ['error', { maxlength: 110 }],
      // Style and script come from the page's own origin, which the security policy holds to.
      'require-sri': ['error', { target: 'crossorigin' }],
      // The number stays in one piece: the class makes it a block of its own within its line.
      'tel-non-breaking': ['error', { ignoreClasses: ['nowrap'] }],
    },
  }),
)

/** Cards on a phone take a table's roles away in older Safari, so a table says them itself; nothing else may. */
const isTableRole = ({ ruleId, message }: { ruleId: string; message: string }): boolean =>
  ruleId === 'no-redundant-role' && /on <(table|thead|tbody|tr|th|td)>$/.test(message)

/** @returns what is wrong, with the line */
export async function wrongIn(html: string): Promise<string[]> {
  const { results } = await validator.validateString(html)
  return results
    .flatMap(({ messages }) => messages)
    .filter((message) => !isTableRole(message))
    .map(({ ruleId, message, line }) => `${line} ${ruleId}: ${message}`)
}
