/** docker-compose.yml read strictly: what Compose would not understand, or we would not hold against it, is refused. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const texts = z.array(z.string()).default([])
const textByName = z.record(z.string(), z.coerce.string()).default({})

/** What the file uses of the Compose specification: a word that is not in here is a slip, or deserves a test first. */
const serviceSchema = z.strictObject({
  image: z.string(),
  pull_policy: z.enum(['build', 'never']).optional(),
  build: z.strictObject({ context: z.literal('.'), dockerfile_inline: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: textByName,
  secrets: texts,
  volumes: texts,
  tmpfs: texts,
  networks: z
    .record(z.string(), z.strictObject({ ipv4_address: z.ipv4().optional(), aliases: texts }))
    .default({}),
  network_mode: z.literal('none').optional(),
  extra_hosts: textByName,
  ports: texts,
  expose: z.array(z.int()).default([]),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }),
    )
    .default({}),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD'), z.string()], z.string()),
      interval: z.string(),
      timeout: z.string(),
      retries: z.int(),
      start_period: z.string(),
    })
    .optional(),
  user: z.string(),
  init: z.boolean().default(false),
  read_only: z.boolean(),
  cap_drop: texts,
  security_opt: texts,
  mem_limit: z.string(),
  pids_limit: z.int(),
  restart: z.enum(['no', 'unless-stopped']),
  stop_grace_period: z.string(),
  stop_signal: z.string().optional(),
  logging: z.strictObject({ driver: z.string(), options: textByName }),
})

const composeSchema = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), serviceSchema),
  networks: z.record(
    z.string(),
    z.strictObject({
      internal: z.boolean().default(false),
      ipam: z.strictObject({ config: z.tuple([z.strictObject({ subnet: z.cidrv4() })]) }).optional(),
    }),
  ),
  volumes: z.record(z.string(), z.strictObject({})),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
})

export type Service = z.infer<typeof serviceSchema>

export type Compose = z.infer<typeof composeSchema> & {
  /** as it stands in the comment at the head of the file, for a person to copy */
  readonly secretsCommand: string
}

/** @throws when it says something that we do not know, or uses a variable of Compose's */
export function readCompose(): Compose {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
  const whole = JSON.parse(JSON.stringify(parse(text, { merge: true })), (_name, value: unknown) => {
    if (typeof value !== 'string') return value
    if (value.replaceAll('$$', '').includes('$')) throw new Error(`a single dollar sign in: ${value}`)
    return value.replaceAll('$$', '$')
  }) as object
  const known = Object.entries(whole).filter(([name]) => !name.startsWith('x-'))
  const indented = text.match(/^# {3}.*$/gm) ?? []
  return {
    ...composeSchema.parse(Object.fromEntries(known)),
    secretsCommand: indented.map((line) => line.slice(4)).join('\n'),
  }
}

export type Mount = { readonly source: string; readonly target: string; readonly readOnly: boolean }

export const mountsOf = ({ volumes }: Service): Mount[] =>
  volumes.map((volume) => {
    const [source = '', target = '', mode] = volume.split(':')
    return { source, target, readOnly: mode === 'ro' }
  })

export const publishedBy = ({ ports }: Service) =>
  ports.map((port) => {
    const [address = '', published, target] = port.split(':')
    return { address, published: Number(published), target: Number(target) }
  })

/** Where others reach it. */
export const portsOf = (service: Service): number[] => [
  ...service.expose,
  ...publishedBy(service).map(({ target }) => target),
]

/** Also that of a service whose image another one builds. */
export function dockerfileOf({ services }: Compose, { image }: Service): string {
  const builder = Object.values(services).find((other) => other.image === image && other.build)
  return builder?.build?.dockerfile_inline ?? ''
}

export function copiesOf(dockerfile: string): { readonly from: string; readonly to: string }[] {
  return [...dockerfile.matchAll(/^COPY (?:--\S+ )*(.+) (\S+)$/gm)].flatMap(([, sources = '', to = '']) =>
    sources.split(' ').map((from) => ({ from, to: to === './' ? from : to })),
  )
}

export const linksOf = (dockerfile: string) =>
  [...dockerfile.matchAll(/ln -s (\/\S+) (\/\S+)/g)].map(([, to = '', at = '']) => ({ to, at }))

export const temporaryOf = ({ tmpfs }: Service): string[] => tmpfs.map((one) => one.split(':')[0] ?? '')

export const workdirOf = (dockerfile: string): string => /^WORKDIR (\S+)$/m.exec(dockerfile)?.[1] ?? '/'

export const milliseconds = (text: string): number => Number(/^(\d+)s$/.exec(text)?.[1]) * 1000
