/**
 * The grants of a fintech: it asks what one of its own allows now, or gives it back (Grant Management for OAuth 2.0, section
 * 6). A grant that has ended is none, and another fintech's never was.
 */
import type { FastifyInstance } from 'fastify'
import type { Consents } from '../consent/consents.ts'
import { stateAt } from '../consent/state.ts'
import { apiResource } from '../provider/resource.ts'
import { grantedDetail } from '../provider/rich-requests.ts'
import type { Consent } from '../store/consents.ts'
import { askingClient, type GrantAccessParts, noSuchGrant, refuse } from './access.ts'

export type GrantsParts = GrantAccessParts & { readonly consents: Consents }

type OfOne = { Params: { grantId: string } }

export async function grantsApi(app: FastifyInstance, parts: GrantsParts): Promise<void> {
  const { consents, clock, publicUrl } = parts

  app.get<OfOne>('/grants/:grantId', async (request, reply) => {
    const client = await askingClient(parts, request, 'grant_management_query')
    if (typeof client !== 'string') return refuse(parts, reply, client)
    const consent = await consents.findActiveOfArrangement(request.params.grantId)
    if (consent?.client !== client) return refuse(parts, reply, noSuchGrant(client))
    return reply.send(grantView(consent, { publicUrl, now: clock() }))
  })

  app.delete<OfOne>('/grants/:grantId', async (request, reply) => {
    const client = await askingClient(parts, request, 'grant_management_revoke')
    if (typeof client !== 'string') return refuse(parts, reply, client)
    const revoked = await consents.revokeArrangement(request.params.grantId, client)
    return revoked ? reply.code(204).send() : refuse(parts, reply, noSuchGrant(client))
  })
}

const inSeconds = (ms: number) => Math.floor(ms / 1000)

/** The draft's fields (section 6.4), and ours beside them: times are seconds since 1970, as in every token. */
function grantView(consent: Consent, { publicUrl, now }: { publicUrl: string; now: number }) {
  const { services, openidScope, accounts, number, startsAt, endsAt } = consent
  return {
    scopes: [
      { scope: services.join(' '), resources: [apiResource(publicUrl)] },
      ...(openidScope === '' ? [] : [{ scope: openidScope }]),
    ],
    authorization_details: [grantedDetail(consent, services, publicUrl)],
    consent_id: number,
    status: stateAt(consent, now),
    since: inSeconds(startsAt),
    until: inSeconds(endsAt),
    accounts: accounts.map(({ id }) => id),
  }
}
