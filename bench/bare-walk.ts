/** The way through the bare engine: one form between the pushed request and the tokens. */
import { loginIdOf, password } from './bank.ts'
import { Failed, openBrowser, openWire, type WireOptions } from './browser.ts'
import { addressOf, openFintechServer, tokensIn } from './fintech.ts'
import type { Fintech } from './installation.ts'
import type { Load } from './walk.ts'

/** @param argon2 whether the form has a password, which is compared with argon2id */
export function openBareLoad({
  fintech,
  argon2,
  ...options
}: WireOptions & { readonly fintech: Fintech; readonly argon2: () => boolean }): Load {
  const { publicUrl } = options
  const wire = openWire(options)
  const { push, ...server } = openFintechServer(wire, fintech)

  return {
    ...server,
    async connect(customer) {
      try {
        const browser = openBrowser(wire, { publicUrl, from: addressOf(customer) })
        const { address, verifier } = await push()
        const page = await browser.get('authorize', address)
        if (page.status !== 200) throw new Failed('interaction', page.status, page.html.slice(0, 200))
        const loginId = loginIdOf(customer)
        const { leftTo, ...last } = await browser.post('interaction', page.path, {
          loginId,
          ...(argon2() ? { password } : {}),
        })
        const code = leftTo?.searchParams.get('code')
        if (!code) throw new Failed('resume', last.status, leftTo?.href ?? last.html.slice(0, 200))
        return { ok: true, reached: { customer, tokens: tokensIn(await server.exchange(code, verifier)) } }
      } catch (error) {
        if (error instanceof Failed) return { ok: false, reached: { customer }, failed: error }
        throw error
      }
    },
    close: wire.close,
  }
}
