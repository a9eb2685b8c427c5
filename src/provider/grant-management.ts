/**
 * Grant Management for OAuth 2.0 (draft of the OpenID FAPI working group) at the authorization endpoint: what a request wants
 * done with which grant, and what the discovery documents say about it.
 */
import { type Configuration, errors } from 'oidc-provider'
import type { Consents } from '../consent/consents.ts'
import { orAway } from './database-away.ts'
import { grantsResource } from './resource.ts'

/** The draft's names. `merge` is none of them: a consent is always read and agreed to as a whole. */
const actions = ['query', 'revoke', 'create', 'replace'] as const

export const grantMetadata = (publicUrl: string) => ({
  grant_management_actions_supported: actions,
  grant_management_endpoint: grantsResource(publicUrl),
  grant_management_action_required: false,
})

/** Sections 5.2 and 5.3. A `grant_id` without an action means the same as with `replace`, but is only looked at in the journey. */
export function grantParameters(consents: Consents): NonNullable<Configuration['extraParams']> {
  return {
    grant_id: null,
    async grant_management_action(ctx, action, client) {
      if (action === undefined) return
      const grantId = ctx.oidc.params?.grant_id
      if (action === 'create') {
        if (grantId !== undefined)
          throw new errors.InvalidRequest('create makes a new grant: leave grant_id out, or use replace')
        return
      }
      if (action !== 'replace')
        throw new errors.InvalidRequest('grant_management_action can be create or replace')
      if (typeof grantId !== 'string') throw new errors.InvalidRequest('replace needs a grant_id')
      if (!(await orAway(() => isReplaceable(consents, grantId, client.clientId))))
        throw new errors.CustomOIDCProviderError('invalid_grant_id', 'there is no such grant to replace')
    },
  }
}

/** Another client's grant and one that never was look the same. */
async function isReplaceable(consents: Consents, grantId: string, client: string): Promise<boolean> {
  const known = await consents.findOfArrangement(grantId)
  if (known?.client !== client) return false
  return (await consents.findRenewable(known.customer, client))?.arrangementId === grantId
}
