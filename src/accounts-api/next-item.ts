/**
 * nextItemKey: where the next page begins, signed so that it opens nothing but the page that follows the one it came with.
 * It holds the dates as they were resolved and the last item's key, which stands in the page as well: nothing of it is secret.
 */
import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { days } from '../clock.ts'
import { keyedHash } from '../secrets.ts'
import type { AskedRange, DateRange } from './dates.ts'

/** What a key is good for. */
export type AskedPage = AskedRange & { readonly consent: string; readonly account: string }

/** The range of the first page counts for all of them, whatever day it has become. */
export type NextItem = DateRange & {
  readonly after: string
  /** the day in Japan on which the first page was given */
  readonly since: string
}

export type NextItemKeys = {
  readonly make: (page: AskedPage, next: NextItem) => string
  /** Undefined for a key that is not ours, was given with another page, or has had more than a midnight to be used. */
  readonly read: (page: AskedPage, key: string, today: string) => NextItem | undefined
}

export const nextItemKeyText = z.string().max(512)

const parts = z.tuple([z.string(), z.string(), z.string(), z.string()])

/** @param keys newest first; the first one signs, all are believed */
export function createNextItemKeys(keys: readonly [Buffer, ...Buffer[]]): NextItemKeys {
  return {
    make(page, { from, to, after, since }) {
      const content = Buffer.from(JSON.stringify([since, from, to, after])).toString('base64url')
      return `${content}.${signed(keys[0], page, content)}`
    },
    read(page, key, today) {
      const [content = '', signature = ''] = key.split('.')
      if (!keys.some((one) => same(signed(one, page, content), signature))) return undefined
      const [since, from, to, after] = parts.parse(JSON.parse(Buffer.from(content, 'base64url').toString()))
      const isRecent = Date.parse(today) - Date.parse(since) <= days(1)
      return isRecent ? { since, from, to, after } : undefined
    },
  }
}

const signed = (key: Buffer, { consent, account, dateFrom, dateTo }: AskedPage, content: string): string =>
  keyedHash(key, JSON.stringify([consent, account, dateFrom ?? null, dateTo ?? null, content]))

function same(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}
