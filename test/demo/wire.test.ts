/** What the record of the wire shows of a secret: enough to follow it, too little to use it. */
import { describe, expect, it } from 'vitest'
import { shorten, showBody, showUrl } from '../../src/demo/wire.ts'

describe('shortening', () => {
  it('shows six characters and the length', () => {
    expect(shorten('abcdefghijklmnop')).toBe('abcdef…（16文字）')
    expect(shorten('Basic ZGVtbzpzZWNyZXQ=')).toBe('Basic …（22文字）')
  })

  it('shows nothing of a secret that six characters would give away', () => {
    expect(shorten('4649')).toBe('…（4文字）')
    expect(shorten('abcdefghijkl')).toBe('…（12文字）')
  })
})

describe('a URL', () => {
  it('keeps its plain parameters and shortens code and state', () => {
    expect(
      showUrl(
        'http://127.0.0.1:3001/callback/demo?code=abcdefghijklmnop&state=ABCDEFGHIJKLMNOP&iss=http%3A%2F%2Flocalhost%3A3000',
      ),
    ).toBe(
      'http://127.0.0.1:3001/callback/demo?code=abcdef…（16文字）&state=ABCDEF…（16文字）&iss=http://localhost:3000',
    )
  })

  it('shows the number of a pushed request, which is used up by the time it is read', () => {
    expect(showUrl('http://localhost:3000/authorize?request_uri=urn%3Ax')).toBe(
      'http://localhost:3000/authorize?request_uri=urn:x',
    )
  })
})

describe('a body', () => {
  it('of JSON is indented, with secrets shortened at any depth', () => {
    const shown = showBody(
      JSON.stringify({ token_type: 'Bearer', inner: { refresh_token: 'abcdefghijklmnop' } }),
    ).join('\n')
    expect(shown).toContain('"token_type": "Bearer"')
    expect(shown).toContain('"refresh_token": "abcdef…（16文字）"')
  })

  it('of a form is one field a line, with secrets shortened', () => {
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code: 'abcdefghijklmnop',
      code_verifier: 'ABCDEFGHIJKLMNOP',
    })
    expect(showBody(form.toString())).toEqual([
      '',
      'grant_type=authorization_code\ncode=abcdef…（16文字）\ncode_verifier=ABCDEF…（16文字）',
    ])
  })

  it('of another kind is only measured, and a long one is cut', () => {
    expect(showBody('<html>code=abcdefghijklmnop</html>')).toEqual(['', '（34文字）'])
    expect(showBody(JSON.stringify({ rows: 'x'.repeat(9000) })).join('').length).toBeLessThan(2100)
  })

  it('that is empty shows nothing', () => {
    expect(showBody('')).toEqual([])
  })
})
