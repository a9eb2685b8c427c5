/** Signs a developer in with his client's id and the key that he was shown when he registered it, and out again. */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { text } from '../journey/fields.ts'
import { addressOf } from '../risk/network.ts'
import { hashClientSecret } from '../secrets.ts'
import { clientId } from '../store/registration.ts'
import { findDeveloper, signDeveloperOut } from '../store/developers.ts'
import { base, type DeveloperParts, serve, serveOwn } from './visit.ts'

const form = z.object({ id: text(64), key: text(200) })

export function signInRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  const path = `${base}/sign-in` as const

  serve(app, parts, `GET ${path}`, (visit) => {
    const said = visit.said()
    return visit.show(
      { title: visit.t.signIn.title, said },
      { template: 'developers/sign-in', view: { id: said.kept.id ?? '' } },
    )
  })

  serve(app, parts, `POST ${path}`, async (visit) => {
    const { id, key } = form.parse(visit.body ?? {})
    const attempt = await parts.locks.take('developer-key', addressOf(visit.request.ip))
    if ('locked' in attempt)
      return visit.say(path, { errors: [{ code: 'sign-in-locked', field: 'id' }], kept: { id } })
    const client = id.trim()
    const developer = clientId.test(client) ? await findDeveloper(parts.db, client) : undefined
    if (!developer || !isSame(developer.keyHash, hashClientSecret(key.trim()))) {
      await attempt.wrong()
      // One answer for a wrong key and for a client that is not there.
      return visit.say(path, { errors: [{ code: 'sign-in-wrong', field: 'id' }], kept: { id: client } })
    }
    await attempt.right()
    visit.signIn(developer)
    return visit.goTo(`${base}/client`)
  })

  serveOwn(app, parts, `POST ${base}/sign-out`, async (visit) => {
    // Somebody may have copied the cookie, so that forgetting it would not be enough.
    await signDeveloperOut(parts.db, visit.client.id, visit.now)
    visit.signOut()
    return visit.say(path, { done: 'signed-out' })
  })
}

const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
