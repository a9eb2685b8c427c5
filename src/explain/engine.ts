/**
 * Gives every error of the engine its number: in `error_description` and a header of JSON answers, in the query or the signed
 * answer that leads back to the client, and on our page where nothing leads back. No parameter is added to the protocol's.
 */
import type Provider from 'oidc-provider'
import type { errors, KoaContextWithOIDC } from 'oidc-provider'
import { journeyNumber } from '../secrets.ts'
import { errorIdHeader, newErrorId, numbered } from './numbers.ts'
import type { Refusals } from './refusals.ts'
import { explain } from './rules.ts'

/** What became of one request of the engine. */
type Failure = { readonly id: string; error?: errors.OIDCProviderError }

/** By request, because a page or a signed answer is made before anybody hears of the failure. */
const failures = new WeakMap<KoaContextWithOIDC, Failure>()

function failureOf(ctx: KoaContextWithOIDC): Failure {
  const failure = failures.get(ctx) ?? { id: newErrorId() }
  failures.set(ctx, failure)
  return failure
}

/** The number of the error that this request is answered with. */
export const engineErrorId = (ctx: KoaContextWithOIDC): string => failureOf(ctx).id

/** Why this request is refused; undefined when nobody has said. */
export const engineErrorOf = (ctx: KoaContextWithOIDC): errors.OIDCProviderError | undefined =>
  failures.get(ctx)?.error

/** For whoever hears of a failure first: remembers why, and returns its number. */
export function noteEngineError(ctx: KoaContextWithOIDC, error: errors.OIDCProviderError): string {
  const failure = failureOf(ctx)
  // Of a request_uri that counts for nothing the engine goes on to doubt the redirect_uri beside it: the first is the cause.
  if (failure.error?.error !== 'invalid_request_uri') failure.error = error
  return failure.id
}

/** Must see answers last: whatever others write into them is numbered, too. */
export function explainEngine(provider: Provider, refusals: Refusals): void {
  provider.use(async (ctx: KoaContextWithOIDC, next: () => Promise<void>) => {
    await next()
    const body: unknown = ctx.body
    if (isError(body)) await numberJson(refusals, ctx, body)
    else if (failures.has(ctx)) await numberElsewhere(refusals, ctx)
  })
  numberSignedAnswers(provider)
}

type ErrorBody = { readonly error: string; readonly error_description?: string }

const isError = (body: unknown): body is ErrorBody =>
  typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string'

async function numberJson(refusals: Refusals, ctx: KoaContextWithOIDC, body: ErrorBody): Promise<void> {
  const { id } = failureOf(ctx)
  const description = tellable(ctx, body)
  ctx.body = { ...body, error_description: numbered(description, id) }
  ctx.set(errorIdHeader, id)
  if (isDatabaseAway(ctx)) return
  // What an answer of ours says more exactly than the engine is what counts.
  const isOurs = description.startsWith('consent_')
  await refusals.note(refusalOf(ctx, { error: body.error, description, ...(isOurs ? { detail: null } : {}) }))
}

/**
 * The engine has one text for everything that can be wrong with a code or a token. A client that has shown who it is reads
 * the reason, where that says nothing of anybody else.
 */
function tellable(
  ctx: KoaContextWithOIDC,
  { error, error_description: description = '' }: ErrorBody,
): string {
  if (error !== 'invalid_grant' || description !== 'grant request is invalid') return description
  const { tell } = explain(refusalOf(ctx, { error, description }))
  return tell ?? description
}

/** Then nothing can be written down, and whoever is refused should not wait for that as well. */
const isDatabaseAway = (ctx: KoaContextWithOIDC): boolean =>
  ctx.status === 503 || engineErrorOf(ctx)?.statusCode === 503

/** A redirect to the client, or a page. */
async function numberElsewhere(refusals: Refusals, ctx: KoaContextWithOIDC): Promise<void> {
  const { id, error } = failureOf(ctx)
  ctx.set(errorIdHeader, id)
  const location = ctx.response.get('location')
  if (location && URL.canParse(location)) {
    const address = new URL(location)
    if (address.searchParams.has('error')) {
      const description = address.searchParams.get('error_description') ?? ''
      address.searchParams.set('error_description', numbered(description, id))
      // also in the body that old programs show
      ctx.redirect(address.href)
    }
  }
  if (isDatabaseAway(ctx)) return
  await refusals.note(
    refusalOf(ctx, { error: error?.error ?? 'server_error', description: error?.error_description ?? null }),
  )
}

/** JARM: what is signed cannot be numbered afterwards. */
function numberSignedAnswers(provider: Provider): void {
  const { prototype } = provider.IdToken
  const { issue } = prototype
  prototype.issue = function issueNumbered(this: typeof prototype, options) {
    const { error, error_description: description } = this.extra
    if (options.use === 'authorization' && error !== undefined)
      this.set(
        'error_description',
        numbered(typeof description === 'string' ? description : '', engineErrorId(this.ctx)),
      )
    return issue.call(this, options)
  }
}

function refusalOf(
  ctx: KoaContextWithOIDC,
  said: { readonly error: string; readonly description: string | null; readonly detail?: null },
) {
  const { id, error } = failureOf(ctx)
  const { client, route, entities, params } = ctx.oidc
  const interaction = entities.Interaction
  const proven =
    route === 'authorization' || route === 'resume'
      ? entities.PushedAuthorizationRequest !== undefined || (interaction && 'parJti' in interaction)
      : client !== undefined && said.error !== 'invalid_client'
  const step = interaction?.result?.step
  return {
    id,
    endpoint: route === 'resume' ? '/authorize' : ctx.path,
    client: client?.clientId ?? claimedClient(ctx),
    proven: proven === true,
    ...said,
    detail: said.detail === null ? null : detailOf(ctx, error),
    sent: (parameter: string) => params?.[parameter],
    ...(typeof step === 'string' ? { step } : {}),
    ...(interaction ? { journey: journeyNumber(interaction.uid) } : {}),
  }
}

function detailOf({ oidc }: KoaContextWithOIDC, error: errors.OIDCProviderError | undefined): string | null {
  const detail = error?.error_detail
  // That a code or token is another client's is told to nobody: it is as unknown as one that never was.
  if (detail === 'client mismatch')
    return oidc.params?.refresh_token ? 'refresh token not found' : 'authorization code not found'
  if (detail !== undefined) return detail
  // The engine asks for the mode first, and a wrong type makes every mode wrong.
  const isOfMode = error?.error_description?.startsWith('requested response_mode') === true
  return isOfMode && oidc.params?.response_type !== 'code' ? 'response_type is not code' : null
}

/** Who the caller says he is, where the engine did not come so far. */
function claimedClient(ctx: KoaContextWithOIDC): string | undefined {
  const { params } = ctx.oidc
  const named = params?.client_id ?? ctx.query.client_id
  if (typeof named === 'string') return named
  const [scheme, value = ''] = ctx.get('authorization').split(' ')
  if (scheme?.toLowerCase() !== 'basic') return undefined
  return Buffer.from(value, 'base64').toString().split(':')[0]
}
