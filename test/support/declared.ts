/** Holds real answers of the accounts API against the OpenAPI document: status, headers and body, and nothing beyond them. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'

type Header = { readonly $ref: string }
type Response = { readonly headers: Readonly<Record<string, Header>>; readonly content: object }
type Operation = { readonly responses: Readonly<Record<string, Response>> }
export type Document = {
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>
  readonly components: {
    readonly headers: Readonly<Record<string, { readonly required?: boolean }>>
  }
}

export type Declared = {
  /** The code of the refusal, or `ok`. Fails where the answer says anything that this operation does not declare. */
  readonly expectDeclared: (path: string, answer: LightMyRequestResponse) => string
  /** For an address or a method that no operation has. */
  readonly expectRefusal: (answer: LightMyRequestResponse) => string
  /** `status code` of everything that the operations declare, by path */
  readonly all: Readonly<Record<string, readonly string[]>>
  readonly validates: (pointer: readonly string[], value: unknown) => void
}

export function declaredIn(document: Document): Declared {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema(document, 'document')
  const compiled = new Map<string, ValidateFunction>()

  const validates = (pointer: readonly string[], value: unknown): void => {
    const $ref = `document#/${pointer.map((part) => encodeURIComponent(escaped(part))).join('/')}`
    const validate = compiled.get($ref) ?? ajv.compile({ $ref })
    compiled.set($ref, validate)
    validate(value)
    expect(validate.errors ?? [], JSON.stringify(value).slice(0, 300)).toEqual([])
  }

  const readsAs = (answer: LightMyRequestResponse): { error?: string } => {
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    return answer.json()
  }

  return {
    validates,
    expectDeclared(path, answer) {
      const { statusCode: status, headers } = answer
      const at = ['paths', path, 'get', 'responses', String(status)]
      const response = document.paths[path]?.get.responses[status]
      if (!response) throw new Error(`${path} declares no status ${status}: ${answer.body}`)
      for (const [name, declared] of Object.entries(response.headers)) {
        const pointer = declared.$ref ? declared.$ref.slice(2).split('/') : [...at, 'headers', name]
        const isRequired = document.components.headers[pointer.at(-1) ?? '']?.required
        if (isRequired || headers[name] !== undefined) validates([...pointer, 'schema'], headers[name])
      }
      const body = readsAs(answer)
      validates([...at, 'content', 'application/json', 'schema'], body)
      return body.error ?? 'ok'
    },
    expectRefusal(answer) {
      const body = readsAs(answer)
      validates(['components', 'schemas', 'Error'], body)
      for (const [name, header] of [
        ['x-fapi-interaction-id', 'interaction'],
        ['cache-control', 'notKept'],
      ] as const)
        validates(['components', 'headers', header, 'schema'], answer.headers[name])
      return `${answer.statusCode} ${body.error}`
    },
    all: Object.fromEntries(
      Object.entries(document.paths).map(([path, { get }]) => [path, codesOf(get.responses)]),
    ),
  }
}

const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1')

function codesOf(responses: Operation['responses']): string[] {
  return Object.entries(responses).flatMap(([status, { content }]) => {
    const { schema } = (
      content as { 'application/json': { schema: { properties?: { error?: { enum: string[] } } } } }
    )['application/json']
    return (schema.properties?.error?.enum ?? ['ok']).map((code) => `${status} ${code}`)
  })
}
