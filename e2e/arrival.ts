/**
 * The way to a page that a test's story begins with: walked by the same browser, with its cookies and its name, but without
 * showing the pages before it. How those look and work is told by the tests that are about them.
 */
import type { Page } from 'playwright'
import { csrfOf } from '../test/support/browser.ts'
import { answer, handleOf, password, pin } from '../test/support/walk.ts'

type Step =
  | 'sign-in'
  | 'answer-challenge'
  | 'choose-services'
  | 'register-pins'
  | 'review-pins'
  | 'give-consent'

export type Arrival = {
  readonly at: Step
  readonly loginId?: string
  /** the fintech that he comes from */
  readonly from?: 'demo-kakeibo' | 'demo-kaikei'
  readonly services?: readonly string[]
  /** numbers of the accounts whose PIN he enters; without any he goes on */
  readonly registers?: readonly string[]
}

type Fields = [name: string, value: string][]

/** Ends on that page, in the window. @throws when the customer's journey does not come to it */
export async function arrive(
  page: Page,
  fintechUrl: string,
  { at, loginId = 'mihon01', from = 'demo-kakeibo', services = ['balances'], registers = [] }: Arrival,
): Promise<void> {
  const { userAgent, languages } = (await page.evaluate(
    '({ userAgent: navigator.userAgent, languages: navigator.languages.join() })',
  )) as { userAgent: string; languages: string }
  const filledIn: Readonly<Record<string, (html: string) => Fields>> = {
    'sign-in': () => [
      ['loginId', loginId],
      ['password', password],
    ],
    'answer-challenge': () => [['answer', answer]],
    'choose-services': () => services.map((name) => ['services', name]),
    'register-pins': (html) =>
      registers.length === 0
        ? [['action', 'skip']]
        : registers
            .map((number) => handleOf(html, number))
            .flatMap(
              (handle): Fields => [
                ['rows', handle],
                [`pin-${handle}`, pin],
              ],
            ),
    'review-pins': () => [['action', 'confirm']],
  }
  const post = (url: string, fields: Fields) =>
    page.context().request.post(url, {
      headers: {
        origin: new URL(url).origin,
        'user-agent': userAgent,
        'accept-language': languages,
        'content-type': 'application/x-www-form-urlencoded',
      },
      data: new URLSearchParams(fields).toString(),
    })

  let shown = await post(`${fintechUrl}/connect/${from}`, [])
  const passed: string[] = []
  for (;;) {
    const step = new URL(shown.url()).pathname.split('/').at(-1) ?? ''
    if (step === at) break
    const fill = filledIn[step]
    if (!fill || passed.includes(step)) throw new Error(`no way to ${at}: ${[...passed, step].join(', ')}`)
    passed.push(step)
    const html = await shown.text()
    shown = await post(shown.url(), [['_csrf', csrfOf(html)], ...fill(html)])
  }
  await page.goto(shown.url())
}
