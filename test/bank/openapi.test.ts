/** The contract for the bank's engineer says what the adapter does: the same calls, fields, reasons and times, and its examples are answers that count. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type CallName, callNames, calls, readAnswer } from '../../src/bank/http/calls.ts'

type Node = { readonly [name: string]: unknown }

const document = parse(readFileSync(join(import.meta.dirname, '../../src/bank/openapi.yaml'), 'utf8')) as Node

/** A part of the document, with references followed. */
function at(from: unknown, ...names: readonly string[]): unknown {
  const node = from as Node
  const $ref = node?.$ref
  if (typeof $ref === 'string') return at(document, ...$ref.slice(2).split('/'), ...names)
  const [name, ...rest] = names
  return name === undefined ? node : at(node?.[name], ...rest)
}

const operation = (name: CallName) => at(document, 'paths', calls[name].path, 'post')
const sent = (name: CallName) => at(operation(name), 'requestBody', 'content', 'application/json') as Node
const answered = (name: CallName) =>
  at(operation(name), 'responses', '200', 'content', 'application/json') as Node
const examples = (name: CallName) =>
  Object.values(at(answered(name), 'examples') as Node).map((one) => (one as { value: unknown }).value)

const ajv = new Ajv2020({ strict: false })
formats.default(ajv)
ajv.addSchema(document, 'document')
const validates = (schema: unknown, value: unknown) =>
  ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as object)(value)

describe('openapi.yaml', () => {
  it('is an OpenAPI document, and has the calls of the port and no others', async () => {
    const validator = new Validator()
    expect((await validator.validate(structuredClone(document))).errors ?? []).toEqual([])
    const paths = Object.entries(at(document, 'paths') as Node)
    const listed = paths.map(([path, node]) => `${String(at(node, 'post', 'operationId'))} ${path}`)
    expect(new Set(listed)).toEqual(new Set(callNames.map((name) => `${name} ${calls[name].path}`)))
  })

  it.each(callNames)(
    'says of %s how long it may take, whether it is repeated, and whether it has a key',
    (name) => {
      const { timeout, repeat } = calls[name]
      const parameters = (at(operation(name), 'parameters') as Node[]).map((one) => at(one, 'name'))
      expect([at(operation(name), 'x-timeout-seconds'), at(operation(name), 'x-repeat'), parameters]).toEqual(
        [timeout / 1000, repeat, ['X-Correlation-Id', ...(repeat === 'freely' ? [] : ['Idempotency-Key'])]],
      )
    },
  )

  it.each(callNames)('says of %s what is sent', (name) => {
    const { shape } = calls[name].asked
    const schema = sent(name).schema as { properties?: Node; required?: string[] }
    expect(Object.keys(schema.properties ?? {})).toEqual(Object.keys(shape))
    const needed = Object.keys(shape).filter((field) => !shape[field]?.safeParse(undefined).success)
    expect(schema.required ?? []).toEqual(needed)
    expect(calls[name].asked.safeParse(sent(name).example).success).toBe(true)
    expect(validates(schema, sent(name).example)).toBe(true)
  })

  it.each(callNames)('says of %s which reasons there are', (name) => {
    const refusals = (answered(name).schema as { oneOf: Node[] }).oneOf.slice(1)
    const reasons = refusals.flatMap((one) => at(one, 'properties', 'reason', 'enum') as string[])
    expect(reasons).toEqual([...Object.keys(calls[name].refusals), 'unavailable'])
  })

  it.each(callNames)('has examples of answers to %s that count', (name) => {
    for (const example of examples(name)) {
      expect(readAnswer(name, example)).toHaveProperty('answer')
      expect(validates(answered(name).schema, example)).toBe(true)
    }
  })

  it('counts the characters of a 口座メモ as the adapter does: a rare kanji is one', () => {
    const [example] = examples('accounts') as [{ value: [Node] }]
    for (const [length, isRight] of [
      [20, true],
      [21, false],
    ] as const) {
      const answer = { ok: true, value: [{ ...example.value[0], memo: '𠮷'.repeat(length) }] }
      expect(validates(answered('accounts').schema, answer)).toBe(isRight)
      expect('answer' in readAnswer('accounts', answer)).toBe(isRight)
    }
  })

  it.each(callNames)('asks of an answer to %s for no field less than the adapter does', (name) => {
    const [example] = examples(name) as [{ value: unknown }]
    const first = Array.isArray(example.value) ? example.value[0] : example.value
    if (typeof first !== 'object' || first === null) return expect(examples(name).length).toBeGreaterThan(0)
    for (const field of Object.keys(first)) {
      const { [field]: _, ...rest } = first as Node
      const without = { ok: true, value: Array.isArray(example.value) ? [rest] : rest }
      expect(validates(answered(name).schema, without), field).toBe('answer' in readAnswer(name, without))
    }
    return undefined
  })
})
