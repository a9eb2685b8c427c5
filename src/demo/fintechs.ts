/**
 * The two demo fintechs, as an example of how a fintech connects to the bank: read it from top to bottom.
 * Invented companies with invented data; everything is kept in memory, for a demo only.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyCookie from '@fastify/cookie'
import fastifyFormbody from '@fastify/formbody'
import fastifyView from '@fastify/view'
import { Eta } from 'eta'
import Fastify, { type FastifyInstance } from 'fastify'
import * as client from 'openid-client'
import { type Reading, readAccounts } from './accounts.ts'
import { createBrowsers, guard } from './browsers.ts'
import { createDiscovery, type Fintech } from './discovery.ts'
import { createEvents } from './events.ts'
import { mailSystem } from './mail.ts'
import { connectionPage, homePage, showTrouble } from './pages.ts'
import { renewalOf, scope, type Tokens, tokensOf } from './tokens.ts'
import { type Trouble, troubleOf } from './trouble.ts'
import { createWireTap, keepRedirect, type Wire } from './wire.ts'

export type FintechsOptions = {
  /** the bank's issuer, without a slash at the end */
  readonly issuer: string
  /** our own origin; the redirect URIs are `<origin>/callback/<clientId>` */
  readonly origin: string
  readonly fintechs: readonly Fintech[]
  readonly resetBank: () => Promise<void>
  /** with it the bank's mail system is played here too, and known to the bank by this secret */
  readonly mailSecret?: string | undefined
  readonly viewsDir: string
  readonly publicDir: string
}

/** What we remember while the customer is at the bank, to know the answer as ours. */
type Flow = {
  readonly clientId: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly wire: Wire
}

export type Connection = {
  readonly tokens: Tokens
  readonly wire: Wire
  readonly reading?: Reading
  /** why the last attempt brought nothing */
  readonly trouble?: Trouble
}

type ToFintech = { Params: { clientId: string } }

/** The web server of both fintechs, not yet listening. The bank hears nothing before the first click. */
export async function createFintechs(options: FintechsOptions): Promise<FastifyInstance> {
  const { issuer, origin, fintechs, resetBank, mailSecret, viewsDir, publicDir } = options
  const tap = createWireTap()
  const discover = createDiscovery({ issuer, fetch: tap.fetch })
  const browsers = createBrowsers<Flow, Connection>({ secure: origin.startsWith('https:') })
  const find = (clientId: string) => fintechs.find((fintech) => fintech.clientId === clientId)

  const events = createEvents({
    issuer,
    async keysAddress() {
      const [first] = fintechs
      if (!first) throw new Error('there is no fintech to take events for')
      return (await discover(first)).serverMetadata().jwks_uri ?? ''
    },
  })
  const app = Fastify({ logger: { level: 'error' } })
  await app.register(fastifyCookie)
  await app.register(fastifyFormbody)
  await app.register(fastifyView, { engine: { eta: new Eta() }, root: viewsDir, production: true })
  app.addHook('onRequest', guard({ issuer, origin }))

  app.get('/', (request, reply) => {
    // the bank sends people back to 127.0.0.1, where our cookie must live; but they like to type localhost
    const mistyped = new URL(origin.replace('//127.0.0.1', '//localhost'))
    if (mistyped.origin !== origin && request.host === mistyped.host) return reply.redirect(`${origin}/`, 302)
    const connected = [...(browsers.find(request)?.connections.keys() ?? [])]
    return reply.view(
      'demo/home',
      homePage({
        fintechs,
        connected,
        bankUrl: issuer,
        wasReset: request.url === '/?reset=done',
        mail: !!mailSecret,
      }),
    )
  })

  /** Step 1: push the request to the bank (PAR), keep what is compared later, send the customer there. */
  app.post<ToFintech & { Body: { renew?: string } }>('/connect/:clientId', async (request, reply) => {
    const fintech = find(request.params.clientId)
    if (!fintech) return reply.callNotFound()
    const { clientId } = fintech
    const [state, nonce, codeVerifier] = [
      client.randomState(),
      client.randomNonce(),
      client.randomPKCECodeVerifier(),
    ]
    const known = browsers.find(request)?.connections.get(clientId)
    const wire: Wire = []
    try {
      const url = await tap.record(wire, async () =>
        client.buildAuthorizationUrlWithPAR(await discover(fintech), {
          redirect_uri: `${origin}/callback/${clientId}`,
          scope,
          state,
          nonce,
          // OpenID Connect Core, section 11: offline_access is given only when the customer is asked
          prompt: 'consent',
          code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: 'S256',
          ...(known && request.body?.renew === 'yes' && renewalOf(known.tokens)),
        }),
      )
      keepRedirect(wire, url)
      browsers.findOrCreate(request, reply).flows.set(state, { clientId, nonce, codeVerifier, wire })
      return reply.redirect(url.href, 303)
    } catch (error) {
      return showTrouble(reply, { trouble: troubleOf(error), fintech, wire })
    }
  })

  /** Step 2: the customer is back. The code is exchanged only in the browser that started, and only once. */
  app.get<ToFintech>('/callback/:clientId', async (request, reply) => {
    const fintech = find(request.params.clientId)
    if (!fintech) return reply.callNotFound()
    // built from our own origin, never from the request's Host, which anyone can invent
    const url = new URL(`${origin}/callback/${fintech.clientId}`)
    url.search = /\?.*/.exec(request.url)?.[0] ?? ''
    const state = url.searchParams.get('state') ?? ''
    const browser = browsers.find(request)
    const flow = browser?.flows.get(state)
    if (!browser || flow?.clientId !== fintech.clientId)
      return showTrouble(reply, { trouble: { kind: 'lost' }, fintech })
    browser.flows.delete(state)
    keepRedirect(flow.wire, url)
    try {
      const answer = await tap.record(flow.wire, async () =>
        client.authorizationCodeGrant(await discover(fintech), url, {
          expectedState: state,
          expectedNonce: flow.nonce,
          pkceCodeVerifier: flow.codeVerifier,
        }),
      )
      const connection = await read(fintech, { tokens: tokensOf(answer), wire: flow.wire })
      browser.connections.set(fintech.clientId, connection)
      return reply.redirect(`/connections/${fintech.clientId}`, 303)
    } catch (error) {
      return showTrouble(reply, { trouble: troubleOf(error), fintech, wire: flow.wire })
    }
  })

  app.get<ToFintech>('/connections/:clientId', (request, reply) => {
    const fintech = find(request.params.clientId)
    if (!fintech) return reply.callNotFound()
    const connection = browsers.find(request)?.connections.get(fintech.clientId)
    if (!connection) return showTrouble(reply, { trouble: { kind: 'not-connected' }, fintech })
    const known = connection.reading?.consent.number
    const told = known === undefined ? [] : events.about(fintech.clientId, known)
    return reply.view('demo/connection', connectionPage(fintech, connection, told))
  })

  /** Step 3, any day until the consent ends: a new access token without the customer, the same reading. */
  app.post<ToFintech>('/refresh/:clientId', async (request, reply) => {
    const fintech = find(request.params.clientId)
    if (!fintech) return reply.callNotFound()
    const connections = browsers.find(request)?.connections
    const connection = connections?.get(fintech.clientId)
    if (connection) connections?.set(fintech.clientId, await refresh(fintech, connection))
    return reply.redirect(`/connections/${fintech.clientId}`, 303)
  })

  /** Between the steps: the bank says by itself that a connection has ended. */
  app.addContentTypeParser('application/secevent+jwt', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  )
  app.post<ToFintech>('/events/:clientId', async (request, reply) => {
    const fintech = find(request.params.clientId)
    if (!fintech || typeof request.body !== 'string')
      return reply.code(400).send({ err: 'invalid_request', description: 'not a SET' })
    const refusal = await events.take(fintech.clientId, request.body)
    if (refusal === 'later') return reply.code(503).header('retry-after', '30').send()
    return refusal ? reply.code(400).send(refusal) : reply.code(202).send()
  })

  if (mailSecret) await app.register(mailSystem, { secret: mailSecret })

  app.post('/reset', async (request, reply) => {
    await resetBank()
    browsers.forget(request)
    return reply.redirect('/?reset=done', 303)
  })

  const style = readFileSync(join(publicDir, 'css', 'fintech.css'))
  app.get('/css/fintech.css', (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', 'no-cache').send(style),
  )
  app.get('/favicon.ico', (_request, reply) => reply.code(204).send())
  app.setNotFoundHandler((_request, reply) => showTrouble(reply, { trouble: { kind: 'not-found' } }))
  app.setErrorHandler((error, request, reply) => {
    // no message: a library may have put a token into it
    if (error instanceof Error)
      request.log.error({ name: error.name, stack: error.stack?.split('\n').slice(1) })
    return showTrouble(reply, { trouble: { kind: 'unexpected' } })
  })
  return app

  async function refresh(fintech: Fintech, connection: Connection): Promise<Connection> {
    const { tokens, wire } = connection
    if (tokens.refreshToken === undefined) return read(fintech, connection)
    const { refreshToken } = tokens
    try {
      const answer = await tap.record(wire, async () =>
        client.refreshTokenGrant(await discover(fintech), refreshToken),
      )
      return await read(fintech, { ...connection, tokens: tokensOf(answer, tokens) })
    } catch (error) {
      const trouble = troubleOf(error)
      // of a refresh, and only there, invalid_grant means: the consent ended or was stopped
      return {
        ...connection,
        trouble: trouble.code === 'invalid_grant' ? { ...trouble, kind: 'ended' } : trouble,
      }
    }
  }

  /** A failure stays with the connection: its tokens may be good, and the next attempt may succeed. */
  async function read(fintech: Fintech, { tokens, wire, reading }: Connection): Promise<Connection> {
    try {
      const configuration = await discover(fintech)
      const now = await tap.record(wire, () => readAccounts({ configuration, issuer, ...tokens }))
      return { tokens, wire, reading: now }
    } catch (error) {
      return { tokens, wire, ...(reading && { reading }), trouble: troubleOf(error) }
    }
  }
}
