/** Which licences a package of the run-time tree may have. */
const allowed = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  '0BSD',
  'CC0-1.0',
]

/** `A OR B` leaves us the choice, `A AND B` does not; anything less plain is for a person to judge, so it is refused. */
export function isAllowed(licence: string): boolean {
  const terms = licence.replace(/^\((.*)\)$/, '$1')
  if (terms.includes(' AND ')) return terms.split(' AND ').every((term) => allowed.includes(term))
  return terms.split(' OR ').some((term) => allowed.includes(term))
}
