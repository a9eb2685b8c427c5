import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  const lines: string[] = []
  write(createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } }))
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>
}

test.each([
  ['at the top', { pin: '1234' }],
  ['within an object', { customer: { password: '1234' } }],
  ['deep within lists and objects', { a: [{ b: { c: [{ d: { token: '1234' } }] } }] }],
  ['as an object of its own', { body: { of: 'a form', rows: ['1234'] } }],
])('what is secret by its name is not written %s', (_where, fields) => {
  expect(JSON.stringify(logged((log) => log.info(fields)))).not.toContain('1234')
})

test('nor where a line gets it from what it is part of', () => {
  const line = logged((log) => log.child({ headers: { cookie: '1234' } }).info({ event: 'request' }))
  expect(line).toMatchObject({ headers: '[redacted]', event: 'request' })
})

test('what is not secret is written as it is, with its own way of being written', () => {
  const fields = {
    event: 'e',
    at: new Date(0),
    rows: [1, { name: 'n' }],
    none: null,
    host: new URL('https://a.example'),
  }
  expect(logged((log) => log.info(fields))).toMatchObject({
    event: 'e',
    at: '1970-01-01T00:00:00.000Z',
    rows: [1, { name: 'n' }],
    none: null,
    host: 'https://a.example/',
  })
})

test('what refers to itself ends somewhere', () => {
  const circle: Record<string, unknown> = { pin: '1234' }
  circle.own = [circle]
  const line = JSON.stringify(logged((log) => log.info({ circle })))
  expect(line).toContain('tooDeep')
  expect(line).not.toContain('1234')
})
