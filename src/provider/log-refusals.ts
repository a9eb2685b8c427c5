/** Errors are short to the outside; the log has the reason under their number, where it cannot hold what was sent. */
import type Provider from 'oidc-provider'
import type { errors, KoaContextWithOIDC } from 'oidc-provider'
import { engineErrorId, noteEngineError } from '../explain/engine.ts'
import { isKnown } from '../explain/rules.ts'
import type { Log } from '../log.ts'
import { EngineAway } from './database-away.ts'

export function logRefusals(provider: Provider, log: Log): void {
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) =>
    log[error instanceof EngineAway ? 'error' : 'info'](
      {
        event: 'oauth-refused',
        id: noteEngineError(ctx, error),
        route: ctx.oidc.route,
        client: ctx.oidc.client?.clientId,
        error: error.error,
        detail: detailOf(error),
      },
      'an OAuth request was refused',
    )
  provider.on('authorization.error', refused)
  provider.on('grant.error', refused)
  provider.on('pushed_authorization_request.error', refused)
  provider.on('introspection.error', refused)
  provider.on('revocation.error', refused)
  provider.on('server_error', (ctx, error) =>
    log.error(
      { event: 'engine-failed', id: engineErrorId(ctx), route: ctx.oidc?.route, err: error },
      'the engine failed',
    ),
  )
}

function detailOf({ error, error_detail: detail }: errors.OIDCProviderError): string | undefined {
  if (detail === undefined) return undefined
  return isKnown(error, detail) || detail === 'client mismatch' ? detail : 'not known to our table of rules'
}
