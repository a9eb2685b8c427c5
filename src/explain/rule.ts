/** What a rule of the protocol is here: how a refusal by it is recognised, and what its developer should read. */

export type Rule = {
  /** matched against `error: description`, and against `error: detail` where the engine told its log more */
  readonly on: RegExp
  /** the parameter, header or claim that it is about; `$1` is what the pattern found */
  readonly parameter?: string
  /** the rule itself, in one plain sentence */
  readonly rule: string
  /** where it is written */
  readonly section: string
  /** what to do */
  readonly help: string
  /** what the client is told in `error_description` in place of the engine's general words; ASCII, and nothing of anybody else */
  readonly tell?: string
}
