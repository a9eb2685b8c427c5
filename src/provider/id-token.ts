/**
 * When an ID token is given. It tells of a sign-in, and a refresh is none: there it is given to a fintech that asks for it
 * with `openid` in `scope` (OpenID Connect Core, section 12.2), and nobody else waits for its signature.
 */
import type Provider from 'oidc-provider'

export function giveIdTokensWhereAsked(provider: Provider): void {
  const { prototype } = provider.IdToken
  const { issue } = prototype
  prototype.issue = function issueWhereAsked(this: typeof prototype, options) {
    const { params } = this.ctx.oidc
    const isUnasked =
      options.use === 'idtoken' && params?.grant_type === 'refresh_token' && params.scope === undefined
    // The engine leaves out of its answer what is not there.
    return isUnasked ? (Promise.resolve() as unknown as Promise<string>) : issue.call(this, options)
  }
}
