/** Try it: a connection step by step, with each request and each answer, by the sandbox's own client and a real journey. */
import type { FastifyInstance } from 'fastify'
import { unguessable } from '../secrets.ts'
import { dropOldTries, findTry, keepTry } from '../store/developer-tries.ts'
import type { Language } from '../web/language.ts'
import type { Send } from '../demo/wire.ts'
import { createTryFlow, newTry, tryClientId, type TryState, tryState } from './try-flow.ts'
import type { TryView } from './views.ts'
import { base, type DeveloperParts, serve, type Visit } from './visit.ts'
import { type TryStep, trySteps } from './words.ts'

export function tryRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  const { publicUrl } = parts.settings
  const path = `${base}/try` as const
  const flow = createTryFlow(parts, sendTo(app, publicUrl))

  const current = async ({ tryId }: Visit): Promise<TryState | undefined> => {
    const parsed = tryState.safeParse(tryId === undefined ? undefined : await findTry(parts, tryId))
    return parsed.success ? parsed.data : undefined
  }

  serve(app, parts, `GET ${path}`, async (visit) => {
    const now = await current(visit)
    return visit.show(
      { title: visit.t.try.title },
      { template: 'developers/try', view: viewOf(now, visit.language) },
    )
  })

  serve(app, parts, `POST ${path}/push`, async (visit) => {
    await dropOldTries(parts)
    const id = unguessable()
    await keepTry(parts, id, await flow.push(newTry()))
    visit.keepTry(id)
    return visit.goTo(path)
  })

  /** The code counts for a minute and once, so it is exchanged here and does not stay in the browser's address. */
  serve(app, parts, `GET ${path}/callback`, async (visit) => {
    const { url, host } = visit.request
    // The registered address has this machine's number; the cookie is at the issuer's name.
    if (host !== new URL(publicUrl).host) return visit.reply.redirect(`${publicUrl}${url}`, 303)
    const now = await current(visit)
    const { state } = visit.request.query as { state?: unknown }
    // What is not the answer to this browser's own request changes nothing (RFC 9700, section 4.7).
    if (now && state === now.state && nextStep(now) === 'authorize' && visit.tryId !== undefined)
      await keepTry(parts, visit.tryId, await flow.back(now, /\?.*/.exec(url)?.[0] ?? ''))
    return visit.goTo(path)
  })

  serve(app, parts, `POST ${path}/next`, async (visit) => {
    const now = await current(visit)
    const step = now && nextStep(now)
    if (
      now &&
      visit.tryId !== undefined &&
      (step === 'accounts' || step === 'balances' || step === 'refresh')
    )
      await keepTry(parts, visit.tryId, await flow.next(now, step))
    return visit.goTo(path)
  })
}

/** The first that has not been done; none after a failure. */
function nextStep({ done, failure }: TryState): TryStep | null {
  if (failure !== undefined) return null
  return trySteps.find((step) => done.every((one) => one.step !== step)) ?? null
}

function viewOf(now: TryState | undefined, language: Language): TryView {
  const told = now ?? newTry()
  const next = nextStep(told)
  return {
    clientId: tryClientId,
    done: told.done.map(({ step, exchanges }) => ({
      step,
      exchanges: exchanges.map(({ sent, received }) => ({
        sent: inWords(sent, language),
        received: inWords(received, language),
      })),
    })),
    next,
    bankUrl: next === 'authorize' ? (told.bankUrl ?? null) : null,
    failure: told.failure ?? null,
    balances: told.balances,
  }
}

/** The record of the wire is the demo fintechs', who speak Japanese. */
const inWords = (text: string, language: Language): string =>
  language === 'ja'
    ? text
    : text
        .replaceAll(/（(\d+)文字）/g, '($1 characters)')
        .replaceAll('（ブラウザーは銀行の画面へ）', '(the browser goes to the bank)')
        .replaceAll('（ブラウザーは銀行から戻りました）', '(the browser is back from the bank)')
        .replaceAll('（以下省略）', '(and more)')
        .replaceAll('（応答なし）', '(no answer)')

/** Requests to this very server, without the network and the proxy between; headers and bodies are those that would go over it. */
function sendTo(app: FastifyInstance, publicUrl: string): Send {
  const { host } = new URL(publicUrl)
  return async (address, { method = 'GET', headers, body }) => {
    const { pathname, search } = new URL(address)
    const payload = body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : undefined
    const answer = await app.inject({
      method: method as 'GET',
      url: pathname + search,
      headers: { ...Object.fromEntries(new Headers(headers)), host },
      ...(payload === undefined ? {} : { payload }),
    })
    return new Response(answer.body === '' ? null : answer.body, {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
    })
  }
}
