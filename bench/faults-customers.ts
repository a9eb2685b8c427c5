/**
 * Customers and fintechs who do not give up when a process dies: what was not answered is asked again as people and careful
 * programs do it, by a reload or the same call, never by guessing. Whatever was answered goes into the book.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { csrfOf, refreshTarget } from '../test/support/browser.ts'
import { answer, loginIdOf, password } from './bank.ts'
import { type Browser, Failed, type Fields, openBrowser, type Page, type Wire } from './browser.ts'
import type { Book, Entry } from './faults-book.ts'
import { addressOf, type Called, type FintechServer, tokensIn } from './fintech.ts'
import { onePin, saidBy, stepOf } from './walk.ts'

export type Crowd = {
  readonly wire: Wire
  readonly publicUrl: string
  readonly fintech: FintechServer
  readonly book: Book
}

/** What customers and fintechs do, by the customer's number. */
const habits = ['leaves', 'stops', 'stops', 'twice'] as const
export type Habit = (typeof habits)[number] | 'connects'
export const habitOf = (customer: number): Habit => habits[customer % 12] ?? 'connects'

/** One customer's whole visit; returns also when the server never let him through, and then the book says so. */
export async function visit(crowd: Crowd, customer: number): Promise<void> {
  const { book } = crowd
  const habit = habitOf(customer)
  for (let journeys = 0; journeys < 5; journeys += 1) {
    book.count('journeys begun')
    const came = await journey(crowd, customer, habit)
    if (came === 'left') return book.count('left on purpose')
    if (came === 'stranded') return
    if (came === 'lost') {
      book.count('started again because the way back was lost')
      continue
    }
    const entry = book.add({ customer, ...came })
    await exchange(crowd, entry, habit === 'twice')
    if (habit === 'stops') await stop(crowd, entry)
    else await use(crowd, entry)
    await lookBack(crowd)
    return
  }
  book.wrong(`customer ${customer} came back without a code five times`)
}

type Came = { readonly code: string; readonly verifier: string } | 'left' | 'lost' | 'stranded'

/** A journey has six pages; more answers than these in a row, with nothing refused in between, lead in circles. */
const mostAnswers = 60

/** How long somebody asks again who is not answered, ms: a process takes its time to start on a busy machine. */
const patience = 600_000

async function journey(crowd: Crowd, customer: number, habit: Habit): Promise<Came> {
  const { wire, publicUrl, fintech, book } = crowd
  const { address, verifier } = await persist(crowd, () => fintech.push())
  const browser = openBrowser(wire, { publicUrl, from: addressOf(customer) })
  let base: string | undefined
  let next: () => Promise<Page> = () => browser.get('authorize', address)
  const reload = () => (base ? browser.get('journey', base) : browser.get('authorize', address))
  let page: Page | undefined
  let answers = 0
  const since = performance.now()
  while (answers < mostAnswers && performance.now() - since < patience) {
    page = await tried(crowd, next)
    if (!page || page.status === 503) {
      answers = 0
      // Whoever presses sixty times within a minute is told to wait, and rightly so.
      await wait(page ? 300 : 100)
      next = reload
      continue
    }
    answers += 1
    if (page.leftTo) return cameBack(book, { back: page.leftTo, verifier, customer })
    const problem = /data-problem="([\w-]+)"/.exec(page.html)?.[1]
    // The engine's answer was on its way when the process died; the customer reads that it was done, and starts again.
    if (problem === 'already-finished') return 'lost'
    // A pushed request has a minute to be opened in; on a very busy machine a start takes as long.
    if (problem === 'authorization-refused' && performance.now() - since > codeLife) return 'lost'
    if (problem || page.status !== 200) break
    base = /^\/journey\/[\w-]+/.exec(page.path)?.[0]
    if (habit === 'leaves' && stepOf(page) === 'give-consent') return 'left'
    next = onward(browser, page, customer)
  }
  book.wrong(
    `customer ${customer} is stranded: ${page ? `${page.status} ${page.path} ${saidBy(page)}` : 'no answer'}`,
  )
  return 'stranded'
}

function onward(browser: Browser, page: Page, customer: number): () => Promise<Page> {
  const back = refreshTarget(page.html)
  if (back) return () => browser.get('resume', back.pathname + back.search)
  const step = stepOf(page)
  const fields = fieldsAt(step, page.html, customer)
  return () => browser.post(step, page.path, { _csrf: csrfOf(page.html), ...fields })
}

function fieldsAt(step: string, html: string, customer: number): Fields {
  const valueOf = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? ''
  switch (step) {
    case 'sign-in':
      return { loginId: loginIdOf(customer), password }
    case 'answer-challenge':
      return { answer }
    case 'choose-services':
      return { services: ['balances', 'transactions'] }
    case 'register-pins':
      return html.includes('tag unregistered') ? onePin(html) : { action: 'skip' }
    case 'review-pins':
      return { action: 'confirm' }
    default:
      return {
        proceed: 'yes',
        accounts: [...html.matchAll(/name="accounts" value="([^"]+)"/g)].map((match) => match[1] ?? ''),
        shown: valueOf('shown'),
        language: valueOf('language'),
      }
  }
}

function cameBack(
  book: Book,
  { back, verifier, customer }: { back: URL; verifier: string; customer: number },
): Came {
  const code = back.searchParams.get('code')
  if (code) return { code, verifier }
  // The database was away when the engine was asked; the fintech offers its button again.
  if (back.searchParams.get('error') === 'temporarily_unavailable') return 'lost'
  book.wrong(`customer ${customer} came back without a code: ${back.search}`)
  return 'stranded'
}

/** ms, with some seconds left for its way */
const codeLife = 50_000

/** Nobody retries a code whose fate is unknown: a second use would end the connection. */
async function exchange(crowd: Crowd, entry: Entry, twice: boolean): Promise<void> {
  const { fintech, book } = crowd
  const since = performance.now()
  const once = async (): Promise<Called | undefined> => {
    while (performance.now() - since < patience) {
      try {
        return await fintech.exchange(entry.code, entry.verifier)
      } catch (error) {
        if (!(error instanceof Failed)) throw error
        book.count('requests without an answer')
        // Nobody was there to hear it.
        if (error.why !== 'ECONNREFUSED') return undefined
        await wait(100)
      }
    }
    return undefined
  }
  const answers = await Promise.all(twice ? [once(), once()] : [once()])
  if (twice) book.count('codes sent twice at once')
  const given = answers.filter((answer) => answer?.status === 200)
  if (given.length > 1) book.wrong(`a code of customer ${entry.customer} gave tokens twice`)
  const [first] = given
  if (first) Object.assign(entry, { exchange: 'answered', tokens: tokensIn(first) })
  else entry.exchange = 'lost'
  // Sent twice, the connection ends, whoever came first.
  if (twice) entry.stop = 'lost'
  for (const answer of answers) {
    if (answer?.status === 503) book.count('answers 503')
    // A code that could not be delivered for a minute has expired.
    else if (answer && !twice && answer.status !== 200 && performance.now() - since < codeLife)
      book.wrong(`a fresh code was refused: ${answer.status} ${JSON.stringify(answer.body)}`)
  }
}

async function use(crowd: Crowd, entry: Entry): Promise<void> {
  const { tokens } = entry
  if (!tokens || entry.stop !== 'not-asked') return
  const { status, body } = await call(crowd, () => crowd.fintech.refresh(tokens.refresh))
  // His own visit may have stopped it meanwhile.
  if ((entry.stop as Entry['stop']) !== 'not-asked') return
  if (status !== 200)
    return crowd.book.wrong(`a refresh of customer ${entry.customer} got ${status} ${JSON.stringify(body)}`)
  entry.refreshes += 1
  const api = await call(crowd, () => crowd.fintech.api('/api/accounts', String(body.access_token)))
  if (api.status !== 200)
    crowd.book.wrong(`the API answered ${api.status} ${JSON.stringify(api.body)} to a fresh token`)
}

async function stop(crowd: Crowd, entry: Entry): Promise<void> {
  const { tokens } = entry
  if (!tokens) return
  entry.stop = 'lost'
  const { status, body } = await call(crowd, () => crowd.fintech.revoke(tokens.refresh))
  if (status === 200) entry.stop = 'answered'
  else crowd.book.wrong(`a revocation got ${status} ${JSON.stringify(body)}`)
}

/** Somebody who connected earlier, perhaps before the process died, calls again. */
async function lookBack(crowd: Crowd): Promise<void> {
  const { entries } = crowd.book
  const entry = entries[Math.floor(Math.random() * entries.length)]
  if (!entry?.tokens || entry.exchange !== 'answered') return
  if (entry.stop === 'not-asked') return use(crowd, entry)
  const { refresh } = entry.tokens
  const stopped = entry.stop === 'answered'
  const { status } = await call(crowd, () => crowd.fintech.refresh(refresh))
  if (stopped && status === 200) crowd.book.wrong(`a stopped connection of customer ${entry.customer} lives`)
}

/** A call that may be repeated, until it is answered. */
const call = (crowd: Crowd, work: () => Promise<Called>): Promise<Called> =>
  persist(crowd, async () => {
    const answer = await work()
    if (answer.status === 503) throw new Failed('call', 503, JSON.stringify(answer.body))
    return answer
  })

async function persist<Value>({ book }: Crowd, work: () => Promise<Value>): Promise<Value> {
  for (const since = performance.now(); ; ) {
    try {
      return await work()
    } catch (error) {
      const passes = error instanceof Failed && (error.status === undefined || error.status === 503)
      if (!passes || performance.now() - since > patience) throw error
      book.count(error.status === 503 ? 'answers 503' : 'requests without an answer')
      await wait(100)
    }
  }
}

/** Undefined where there was no answer. */
async function tried({ book }: Crowd, work: () => Promise<Page>): Promise<Page | undefined> {
  try {
    const page = await work()
    if (page.status === 503) book.count('answers 503')
    return page
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    book.count('requests without an answer')
    return undefined
  }
}
