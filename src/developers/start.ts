/** The start page: five minutes by copy and paste, the values of this very server, and whom to sign in as. */
import type { FastifyInstance } from 'fastify'
import { demoCustomers } from '../bank/simulator/customers.ts'
import { bankScopes } from '../consent/services.ts'
import { floodLimits } from '../edge/limits.ts'
import { lifetimes } from '../provider/provider.ts'
import { demoSubject, hasCertificates } from './certificates.ts'
import { mostSandboxClients } from './register.ts'
import type { StartView } from './views.ts'
import { base, type DeveloperParts, serve } from './visit.ts'
import type { DevelopersMessages } from '../web/messages/developers-ja.ts'

/** Of every customer of the simulated bank. */
export const testData = { password: 'Tsubame2026', pin: '4649', answer: 'さくら' } as const

export function startRoutes(app: FastifyInstance, parts: DeveloperParts): void {
  const { publicUrl, dataDir } = parts.settings

  serve(app, parts, `GET ${base}`, async (visit) => {
    const { t } = visit
    const view: StartView = {
      issuer: publicUrl,
      facts: await factsOf(app, t),
      limits: limitsOf(t),
      customers: demoCustomers.map(({ loginId }) => ({
        loginId,
        exercises: t.start.exercises[loginId] ?? '',
      })),
      testData: (['password', 'pin', 'answer'] as const).map((name) => ({
        label: t.start.testData[name],
        text: testData[name],
      })),
      hasCertificates: hasCertificates(dataDir),
      certificateSubject: demoSubject,
      firstSample: 'node docs/samples/openid-client.js',
      keyCommands,
    }
    return visit.show({ title: t.start.title }, { template: 'developers/start', view })
  })
}

/** A key pair on the developer's own machine; only the public half is printed. */
const keyCommands = [
  'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem',
  `node -p "JSON.stringify({ keys: [crypto.createPublicKey(fs.readFileSync('key.pem')).export({ format: 'jwk' })] })"`,
].join('\n')

type Shown = string | readonly string[] | undefined

/** As this server says it of itself, so that it cannot be otherwise. */
async function factsOf(app: FastifyInstance, { start }: DevelopersMessages): Promise<StartView['facts']> {
  const { body } = await app.inject({ url: discovery })
  const said = JSON.parse(body) as Record<string, Shown> & {
    readonly mtls_endpoint_aliases?: Record<string, string>
  }
  const { issuer = '' } = said as { issuer?: string }
  const aliases = Object.values(said.mtls_endpoint_aliases ?? {})
  const values: Readonly<Record<keyof typeof start.facts, Shown>> = {
    issuer,
    discovery: issuer + discovery,
    par: said.pushed_authorization_request_endpoint,
    authorize: said.authorization_endpoint,
    token: said.token_endpoint,
    introspect: said.introspection_endpoint,
    revoke: said.revocation_endpoint,
    jwks: said.jwks_uri,
    api: `${issuer}/api/accounts`,
    mtls: aliases[0] && new URL(aliases[0]).origin,
    // the engine's own, and those of the accounts API
    scopes: [...new Set([said.scopes_supported ?? [], bankScopes].flat())],
    methods: said.token_endpoint_auth_methods_supported,
    algorithms: said.token_endpoint_auth_signing_alg_values_supported,
  }
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [
          {
            label: start.facts[name as keyof typeof start.facts],
            text: typeof value === 'string' ? value : value.join(' '),
          },
        ],
  )
}

const discovery = '/.well-known/openid-configuration'

const limitsOf = ({ start: { limits } }: DevelopersMessages): StartView['limits'] => [
  { label: limits.code, text: limits.seconds(lifetimes.code) },
  { label: limits.accessToken, text: limits.seconds(lifetimes.accessToken) },
  { label: limits.refreshToken, text: limits.consent },
  { label: limits.engineRate, text: limits.perMinute(floodLimits.engine) },
  { label: limits.apiRate, text: limits.perMinute(floodLimits.api) },
  { label: limits.clients, text: String(mostSandboxClients) },
]
