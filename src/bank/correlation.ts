/** Under which number the bank finds a call in its own log: the journey's, as the customer reads it out on the phone. */
import { AsyncLocalStorage } from 'node:async_hooks'

const current = new AsyncLocalStorage<string>()

/** Whatever `go` asks of the bank, now or later, is asked under this number. */
export const correlated = <Value>(number: string, go: () => Value): Value => current.run(number, go)

export const correlationNumber = (): string | undefined => current.getStore()
