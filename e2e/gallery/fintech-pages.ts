/** The pages of the demo fintechs, each in the state that a customer brings it into. */
import type { Browser } from 'playwright'
import { type Customer, openBrowser } from '../customer.ts'
import type { Demo } from '../demo.ts'
import { prepareChecks } from './checker.ts'

/** Yields with the page on screen; the next one is only made when that was looked at. */
export async function* fintechPages(
  chromium: Browser,
  demo: Demo,
): AsyncGenerator<{ readonly name: string; readonly customer: Customer }> {
  const hibari = await openBrowser(chromium, demo)
  await prepareChecks(hibari.page.context())
  const at = async (name: string, address: string) => {
    await hibari.page.goto(demo.fintechUrl + address)
    return { name: `fintech/${name}`, customer: hibari }
  }

  yield await at('home', '/')
  yield await at('trouble/not-found', '/nothing-here')
  yield await at('trouble/not-connected', '/connections/demo-kaikei')
  yield await at('trouble/lost', '/callback/demo-kaikei?state=unknown')

  await hibari.connectBank('みほん会計')
  await hibari.cancel()
  yield { name: 'fintech/trouble/denied', customer: hibari }

  await hibari.connectBank('みほん会計')
  await hibari.signIn('mihon02')
  await hibari.allow()
  yield { name: 'fintech/connection', customer: hibari }
  yield await at('home/connected', '/')

  // The bank ends every connection, and this browser still has its own.
  await demo.reset()
  await at('connection', '/connections/demo-kaikei')
  await hibari.press('最新の残高を取得')
  yield { name: 'fintech/connection/ended', customer: hibari }
  yield await at('home/reset', '/?reset=done')
  await hibari.close()
}
