/** Vitest's set-up of every file that shares its worker with others: what a file did to the clock or the globals does not reach the next. */
import { afterAll, vi } from 'vitest'

const { Date, setTimeout, clearTimeout, setInterval, clearInterval } = globalThis

afterAll(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  vi.useRealTimers()
  // A spy on a fake timer puts the fake one back when it is restored.
  Object.assign(globalThis, { Date, setTimeout, clearTimeout, setInterval, clearInterval })
})
