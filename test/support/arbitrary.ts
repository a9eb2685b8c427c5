/** Arbitrary texts, fields, bodies and headers, with more than a fair share of those that have broken servers before. */
import fc from 'fast-check'

const troublesome = fc.constantFrom(
  '',
  '\0',
  '\r\n',
  "' or 1=1--",
  'x'.repeat(5000),
  ...'\u2028 \ud800 \uffff'.split(' '),
  ...'0 -1 1e999 NaN null true [] {} % %00 %ff .. / // \\ ? # 👪 ﷺ \u202e İ ß <script> {{7*7}}'.split(' '),
  ...'__proto__ constructor toString hasOwnProperty sign-in give-consent return'.split(' '),
)

export const text = fc.oneof(
  troublesome,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
)

const encode = (one: string): string => encodeURIComponent(one.toWellFormed())

export const encoded = text.map(encode)

/** The names of our forms and addresses. */
export const ourNames = fc.constantFrom(
  ...'_csrf loginId password answer services rows action proceed accounts shown language fact how'.split(' '),
  ...'problem lang ticket dateFrom dateTo'.split(' '),
)

/** The names of OAuth and OpenID Connect. */
export const oauthNames = fc.constantFrom(
  ...'client_id response_type response_mode redirect_uri scope state nonce prompt max_age claims'.split(' '),
  ...'code_challenge code_challenge_method request request_uri resource ui_locales display'.split(' '),
  ...'id_token_hint login_hint acr_values registration dpop_jkt client_secret client_assertion'.split(' '),
  ...'grant_type code code_verifier refresh_token token token_type_hint'.split(' '),
)

export const fields = fc.array(fc.tuple(fc.oneof(ourNames, oauthNames, text), text), { maxLength: 12 })

export const form = 'application/x-www-form-urlencoded'

export const asForm = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')

const bytes = fc.uint8Array({ maxLength: 400 }).map((one) => Buffer.from(one))

export const body = fc.oneof(
  fc.record({ type: fc.constant(form), payload: fc.oneof(fields.map(asForm), encoded, bytes) }),
  fc.record({ type: fc.constant('application/json'), payload: fc.oneof(fc.json(), bytes) }),
  fc.record({ type: fc.string({ maxLength: 30 }).map(encode), payload: fc.oneof(fc.string(), bytes) }),
)

/** What a header may hold at all (RFC 9110, section 5.5). */
const headerValue = fc
  .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 200 })
  .map((codes) => String.fromCharCode(...codes.filter((code) => code !== 0x7f)))

const headerNames = fc.constantFrom(
  ...'accept accept-language authorization cookie origin referer user-agent host range te'.split(' '),
  ...'sec-fetch-site content-encoding if-none-match x-request-id x-http-method-override'.split(' '),
)

export const headers = fc.dictionary(headerNames, fc.oneof(headerValue, encoded), { maxKeys: 4 })
