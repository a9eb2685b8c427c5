/** An authority that may speak for some names only speaks for no other (RFC 5280, section 4.2.1.10). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authority, client, type Issued, openWorkshop } from '../support/openssl.ts'
import { judging } from './judging.ts'

let workshop: ReturnType<typeof openWorkshop>
let root: Issued
beforeAll(() => {
  workshop = openWorkshop()
  root = workshop.issue({ subject: '/CN=Root', extensions: authority })
})
afterAll(() => workshop.remove())

const middle = '/C=JP/O=Mihon/CN=Sub'

/** The directory names that constraints and alternative names may refer to. */
const sections = [
  ['[shiosai]', 'C=JP', 'O=Shiosai Suisan'],
  ['[mihon]', 'C=JP', 'O=Mihon'],
  ['[japan]', 'C=JP'],
  ['[several]', 'OU=ab', '+O=abc'],
].flat()

/** An authority with these constraints. */
function constrained(
  constraints: string,
  { issuer = root, subject = middle, more = [] as readonly string[] } = {},
) {
  const extensions = [...authority, ...more, `nameConstraints=${constraints}`, ...sections]
  return workshop.issue({ subject, issuer, extensions })
}

const leaf = (issuer: Issued, subject: string, names?: string) =>
  workshop.issue({
    issuer,
    subject,
    extensions: [...client, ...(names ? [`subjectAltName=${names}`] : []), ...sections],
  })

const broken = 'other-issuer: name-constraints'

async function judgeBelow(constraints: string, subject: string, names?: string): Promise<string> {
  const issuer = constrained(constraints)
  const { judge } = await judging({ authorities: workshop.pem(root, issuer) })
  return judge(leaf(issuer, subject, names))
}

const shiosai = '/C=JP/O=Shiosai Suisan/CN=汐崎 渚'

describe('directory names', () => {
  it.each([
    ['the subject below the permitted one', shiosai, undefined, 'ok'],
    [
      'written with another width of letters and more spaces',
      '/C=jp/O=Ｓhiosai  SUISAN /CN=x',
      undefined,
      'ok',
    ],
    ['another company', '/C=JP/O=Other/CN=x', undefined, broken],
    ['the name in another order', '/O=Shiosai Suisan/C=JP/CN=x', undefined, broken],
    ['the name further down', '/CN=x/C=JP/O=Shiosai Suisan', undefined, broken],
    ['only a part of it', '/C=JP', undefined, broken],
    ['the country and the company in one part', '/C=JP+O=Shiosai Suisan/CN=x', undefined, broken],
    ['a permitted alternative name', shiosai, 'dirName:shiosai', 'ok'],
    ['an alternative name of another company', shiosai, 'dirName:mihon', broken],
    ['an address of mail beside it, of which nothing is said', shiosai, 'email:a@b.jp', 'ok'],
  ])('permitted: %s', async (_, subject, names, expected) => {
    expect(await judgeBelow('critical,permitted;dirName:shiosai', subject, names)).toBe(expected)
  })

  it.each([
    ['the excluded company', shiosai, undefined, broken],
    ['in other letters', '/C=jp/O=shiosai   Suisan/CN=x', undefined, broken],
    ['another company', '/C=JP/O=Other/CN=x', undefined, 'ok'],
    ['the excluded company as alternative name', '/C=JP/O=Other/CN=x', 'dirName:shiosai', broken],
  ])('excluded: %s', async (_, subject, names, expected) => {
    expect(await judgeBelow('critical,excluded;dirName:shiosai', subject, names)).toBe(expected)
  })

  it('a string in T.61, whose characters are not certain, is not taken for another name', async () => {
    const issuer = constrained('critical,excluded;dirName:shiosai')
    const { judge } = await judging({ authorities: workshop.pem(root, issuer) })
    const subject = '/C=JP/O=Other_Company'
    expect(await judge(workshop.issue({ subject, issuer, extensions: client }))).toBe('ok')
    expect(await judge(workshop.issue({ subject, issuer, extensions: client, strings: 'nombstr' }))).toBe(
      broken,
    )
  })

  it('a part with several attributes, in whatever order their lengths put them', async () => {
    const several = 'critical,permitted;dirName:several'
    expect(await judgeBelow(several, '/OU=ab   +O=abc/CN=x')).toBe('ok')
    expect(await judgeBelow(several, '/OU=ab/O=abc/CN=x')).toBe(broken)
  })

  it('one of several permitted is enough, and what is excluded inside it is not', async () => {
    const both = 'critical,permitted;dirName:shiosai,permitted;dirName:mihon'
    expect(await judgeBelow(both, shiosai)).toBe('ok')
    expect(await judgeBelow(both, '/C=JP/O=Mihon')).toBe('ok')
    const except = 'critical,permitted;dirName:japan,excluded;dirName:shiosai'
    expect(await judgeBelow(except, '/C=JP/O=Mihon')).toBe('ok')
    expect(await judgeBelow(except, shiosai)).toBe(broken)
  })

  it('an authority further up binds as well, and does not give back what one below it took', async () => {
    const upper = constrained('critical,permitted;dirName:mihon')
    const lower = constrained('critical,permitted;dirName:shiosai,permitted;dirName:mihon', {
      issuer: upper,
      subject: '/C=JP/O=Mihon/CN=Lower',
    })
    const { judge } = await judging({ authorities: workshop.pem(root, upper, lower) })
    expect(await judge(leaf(lower, '/C=JP/O=Mihon/CN=x'))).toBe('ok')
    expect(await judge(leaf(lower, shiosai))).toBe(broken)
  })

  it('an authority below it with a name that it may not give', async () => {
    const upper = constrained('critical,permitted;dirName:shiosai')
    const lower = workshop.issue({ subject: '/C=JP/O=Mihon/CN=Lower', issuer: upper, extensions: authority })
    const { judge } = await judging({ authorities: workshop.pem(root, upper, lower) })
    expect(await judge(leaf(lower, shiosai))).toBe('authority-unusable: authority-name-constraints')
  })

  it('constraints of a root bind, and those that are not marked critical', async () => {
    const top = workshop.issue({
      subject: '/CN=Bound Root',
      extensions: [...authority, 'nameConstraints=permitted;dirName:mihon', '[mihon]', 'C=JP', 'O=Mihon'],
    })
    const { judge } = await judging({ authorities: workshop.pem(top) })
    expect(await judge(leaf(top, '/C=JP/O=Mihon/CN=x'))).toBe('ok')
    expect(await judge(leaf(top, shiosai))).toBe(broken)
  })
})

describe('other names', () => {
  it.each([
    ['permitted;email:mihon.jp', 'email:a@mihon.jp', 'ok'],
    ['permitted;email:mihon.jp', 'email:a@MIHON.jp', 'ok'],
    ['permitted;email:mihon.jp', 'email:a@b.mihon.jp', broken],
    ['permitted;email:mihon.jp', 'email:a@mihon.jp,email:a@other.jp', broken],
    ['permitted;email:.mihon.jp', 'email:a@b.mihon.jp', 'ok'],
    ['permitted;email:.mihon.jp', 'email:a@mihon.jp', broken],
    ['permitted;email:a@mihon.jp', 'email:a@mihon.jp', 'ok'],
    ['permitted;email:a@mihon.jp', 'email:b@mihon.jp', broken],
    ['excluded;email:mihon.jp', 'email:a@mihon.jp', broken],
    ['excluded;email:a@mihon.jp', 'email:A@mihon.jp', broken],
    ['excluded;email:mihon.jp', 'email:a@other.jp', 'ok'],
    ['excluded;email:mihon.jp', 'email:a@b@mihon.jp', broken],
    ['excluded;email:mihon.jp', 'email:a@mihon.jp.', broken],
    ['permitted;DNS:mihon.jp', 'DNS:mihon.jp,DNS:a.mihon.jp', 'ok'],
    ['permitted;DNS:mihon.jp', 'DNS:notmihon.jp', broken],
    ['permitted;DNS:.mihon.jp', 'DNS:mihon.jp', broken],
    ['excluded;DNS:mihon.jp', 'DNS:A.Mihon.jp', broken],
    ['excluded;DNS:mihon.jp', 'DNS:other.jp', 'ok'],
    ['excluded;DNS:mihon.jp', 'DNS:mihon.jp.', broken],
    ['permitted;IP:10.1.0.0/255.255.0.0', 'IP:10.1.2.3', 'ok'],
    ['permitted;IP:10.1.0.0/255.255.0.0', 'IP:10.2.2.3', broken],
    ['permitted;IP:10.1.0.0/255.255.0.0', 'IP:::1', broken],
    ['excluded;IP:10.1.0.0/255.255.0.0', 'IP:10.1.2.3', broken],
    ['excluded;IP:10.1.0.0/255.255.0.0', 'IP:10.2.2.3', 'ok'],
    ['permitted;URI:mihon.jp', 'URI:https://mihon.jp/', broken],
    ['excluded;URI:mihon.jp', 'URI:https://other.jp/', broken],
    ['excluded;otherName:1.2.3.4;UTF8:a', 'otherName:1.2.3.4;UTF8:b', broken],
    ['excluded;URI:mihon.jp', 'email:a@mihon.jp', 'ok'],
  ])('%s makes of %s: %s', async (constraints, names, expected) => {
    expect(await judgeBelow(`critical,${constraints}`, '/C=JP/CN=x', names)).toBe(expected)
  })

  it.each([
    ['an empty domain excludes all of them', '3006a10430028200', 'DNS:mihon.jp', broken],
    ['an empty domain permits all of them', '3006a00430028200', 'DNS:mihon.jp', 'ok'],
    ['an empty host excludes all mailboxes', '3006a10430028100', 'email:a@mihon.jp', broken],
    ['a network address of three bytes', '300ea10c300a87080a010000ffff0000', 'DER:300587030a0203', broken],
    [
      'a directory name that is none',
      '3014a1123010a40e300c310a300806035504030c0161',
      'DER:3004a4020500',
      broken,
    ],
  ])('%s', async (_, constraints, names, expected) => {
    const issuer = workshop.issue({
      subject: middle,
      issuer: root,
      extensions: [...authority, `2.5.29.30=critical,DER:${constraints}`],
    })
    const { judge } = await judging({ authorities: workshop.pem(root, issuer) })
    const extensions = [...client, `${names.startsWith('DER') ? '2.5.29.17' : 'subjectAltName'}=${names}`]
    expect(await judge(workshop.issue({ subject: '/C=JP/CN=x', issuer, extensions }))).toBe(expected)
  })

  it('an address of mail inside the subject counts as one', async () => {
    const permitted = 'critical,permitted;email:mihon.jp'
    expect(await judgeBelow(permitted, '/C=JP/emailAddress=a@mihon.jp')).toBe('ok')
    expect(await judgeBelow(permitted, '/C=JP/emailAddress=a@other.jp')).toBe(broken)
  })

  it('constraints with a depth are not taken for constraints without', async () => {
    // permitted [0] { { rfc822Name [1] "a.jp", minimum [0] 1 } }
    const hex = '300da00b30098104612e6a70800101'
    const issuer = workshop.issue({
      subject: middle,
      issuer: root,
      extensions: [...authority, `2.5.29.30=critical,DER:${hex}`],
    })
    await expect(judging({ authorities: workshop.pem(root, issuer) })).rejects.toThrow(/cannot be read/)
  })
})
