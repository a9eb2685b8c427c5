/** What the journey needs of the engine: the request that waits for an answer, and the two answers. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import { errors, type InteractionResults } from 'oidc-provider'
import type { JourneyError } from '../errors.ts'

type Raw = { readonly req: IncomingMessage; readonly res: ServerResponse }

/** A fintech's request that waits for the customer. */
export type PendingRequest = {
  readonly uid: string
  readonly clientId: string
  /** space-separated, as asked */
  readonly scope: string
  readonly uiLocales: string | undefined
  /** `sub` of the request's `id_token_hint`, which the engine has verified: the customer whom the fintech means */
  readonly hintedSubject: string | undefined
  /** `grant_id` of the request: the arrangement that the fintech means to renew; not checked */
  readonly grantId: string | undefined
  /** the fintech wants a grant of its own, whatever this customer has with it */
  readonly freshGrant: boolean
  /** when the customer came, ms */
  readonly startedAt: number
  /** where the engine answers the fintech once a result is stored */
  readonly resumeUrl: string
  /** the result that is stored already, and stands */
  readonly answered: 'allowed' | 'refused' | undefined
  /** another tab has finished with the same pushed request */
  readonly alreadyUsed: () => Promise<boolean>
}

export type Interactions = {
  /** The request of this browser and uid; undefined when it is over, unknown or another browser's. */
  find: (raw: Raw, uid: string) => Promise<PendingRequest | undefined>
  /**
   * Login and consent in one result.
   * @param uid of a request that `find` has found
   */
  allow: (uid: string, given: { customer: string; signedInAt: number; consent: string }) => Promise<void>
  /** @param refusal with the step at which the customer was: for the fintech's developer, not in the answer */
  refuse: (uid: string, refusal: { error: JourneyError; description: string; step: string }) => Promise<void>
}

export function createInteractions(provider: Provider): Interactions {
  return {
    async find({ req, res }, uid) {
      const details = await provider.interactionDetails(req, res).catch(lost)
      // The engine looks at its cookie only; the uid of the path must be the same (pitfall 18).
      if (!details || details.uid !== uid) return undefined
      const { params, iat, returnTo, result } = details
      const pushed = pushedRequestOf(details)
      return {
        uid,
        clientId: String(params.client_id),
        scope: typeof params.scope === 'string' ? params.scope : '',
        uiLocales: typeof params.ui_locales === 'string' ? params.ui_locales : undefined,
        hintedSubject: subjectIn(params.id_token_hint),
        grantId: typeof params.grant_id === 'string' ? params.grant_id : undefined,
        freshGrant: params.grant_management_action === 'create',
        startedAt: iat * 1000,
        resumeUrl: returnTo,
        answered: result && (result.consent ? 'allowed' : 'refused'),
        async alreadyUsed() {
          if (!pushed) return false
          const found = await provider.PushedAuthorizationRequest.find(pushed, { ignoreExpiration: true })
          return found?.consumed !== undefined
        },
      }
    },
    allow: (uid, { customer, signedInAt, consent }) =>
      storeFirst(uid, {
        // auth_time is when he signed in, not when he came back.
        login: { accountId: customer, remember: false, ts: Math.floor(signedInAt / 1000) },
        consent: { grantId: consent },
      }),
    refuse: (uid, { error, description, step }) =>
      storeFirst(uid, { error, error_description: description, step }),
  }

  /**
   * The first result stands: another tab may have answered while this one was on its way. What the engine's own
   * `interactionResult` does, without reading cookie and request a second time.
   */
  async function storeFirst(uid: string, result: InteractionResults): Promise<void> {
    const details = await provider.Interaction.find(uid)
    if (!details || details.result !== undefined) return
    details.result = result
    await details.persist()
  }
}

/** Over, unknown or another browser's. */
function lost(error: unknown): undefined {
  if (error instanceof errors.SessionNotFound) return undefined
  throw error
}

/** The engine took the hint only after it had checked signature, issuer and audience; here it is only read. */
function subjectIn(hint: unknown): string | undefined {
  if (typeof hint !== 'string') return undefined
  const claims = JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString()) as {
    sub?: unknown
  }
  return typeof claims.sub === 'string' ? claims.sub : ''
}

/** Not in the published types: the id of the pushed request that started this interaction. */
function pushedRequestOf(details: object): string | undefined {
  return 'parJti' in details && typeof details.parJti === 'string' ? details.parJti : undefined
}
