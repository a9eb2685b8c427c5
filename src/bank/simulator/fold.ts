/** What two spellings of one answer or one PIN have in common, so that width, kana and case lock nobody out. */

/** サクラ, ｻｸﾗ and さくら are one answer; so are Rose, ＲＯＳＥ and "ro se". */
export function foldAnswer(answer: string): string {
  return answer
    .normalize('NFKC')
    .replace(/[ァ-ヶヽヾ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - katakanaAboveHiragana))
    .toLowerCase()
    .replace(/\s/g, '')
}

const katakanaAboveHiragana = 'ア'.charCodeAt(0) - 'あ'.charCodeAt(0)

/** Four ASCII digits, or undefined where the entry cannot be a PIN at all. An IME may have left them full-width. */
export function foldPin(pin: string): string | undefined {
  const digits = pin.normalize('NFKC')
  return /^[0-9]{4}$/.test(digits) ? digits : undefined
}
