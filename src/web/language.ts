/** Which language a page speaks: the customer's own choice, then the fintech's wish, then the browser's, then Japanese. */

export const languages = ['ja', 'en'] as const
export type Language = (typeof languages)[number]

const isLanguage = (text: string): text is Language => text === 'ja' || text === 'en'

/**
 * @param chosen value of the language cookie
 * @param wished `ui_locales` of the request (OpenID Connect Core, section 3.1.2.1), space-separated, best first
 * @param accepted the Accept-Language header
 */
export function pickLanguage({
  chosen,
  wished,
  accepted,
}: {
  chosen?: string | undefined
  wished?: string | undefined
  accepted?: string | undefined
}): Language {
  if (chosen && isLanguage(chosen)) return chosen
  const candidates = [...(wished ?? '').split(' '), ...byQuality(accepted ?? '')]
  return candidates.map((tag) => tag.toLowerCase().split('-')[0] ?? '').find(isLanguage) ?? 'ja'
}

function byQuality(header: string): string[] {
  return header
    .slice(0, 500)
    .split(',')
    .map((part, index) => {
      const [tag = '', ...parameters] = part.trim().split(';')
      const quality = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find(Boolean)
      return { tag: tag.trim(), quality: quality === undefined ? 1 : Number(quality), index }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || a.index - b.index)
    .map(({ tag }) => tag)
}

// Made once: making one costs a hundred times what using it does, and every page shows a time.
const dates = {
  ja: new Intl.DateTimeFormat('ja-JP', {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    weekday: 'short',
    timeZone: 'Asia/Tokyo',
  }),
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'Asia/Tokyo' }),
}
const times = new Intl.DateTimeFormat('ja-JP', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Tokyo' })

/** `2027年2月20日（土）` / `Saturday, 20 February 2027`, as the calendar in Japan shows it. */
export function longDate(at: number, language: Language): string {
  // ICU writes the weekday in half-width brackets; the manual's typography is full-width.
  return dates[language].format(at).replace('(', '（').replace(')', '）')
}

/** `15:04` in Japan. */
export const clockTime = (at: number): string => times.format(at)
