/** Reads what /metrics says: the sum over all series of a name that have these labels; undefined where there is none. */
export function valueOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const found = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((one) => line.includes(one)))
    .map((line) => Number(line.slice(line.lastIndexOf(' '))))
  return found.length === 0 ? undefined : found.reduce((sum, value) => sum + value, 0)
}
