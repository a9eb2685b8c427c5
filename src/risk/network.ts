/** What counts as one address, and as one network. */
import { isIPv6 } from 'node:net'

/** One IPv6 customer has a whole /64 to choose from; for counting it is one address. */
export function addressOf(address: string): string {
  const groups = groupsOf(address)
  return groups ? `${groups.slice(0, 4).join(':')}::/64` : plain(address)
}

/** /24 or /48: an office or a provider's corner, where a customer's next address is likely to be. */
export function networkOf(address: string): string {
  const groups = groupsOf(address)
  return groups ? `${groups.slice(0, 3).join(':')}::/48` : `${plain(address).replace(/\.\d+$/, '.0')}/24`
}

const plain = (address: string): string => mapped(address) ?? address

const mapped = (address: string): string | undefined => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]

/** The eight groups of an IPv6 address; undefined for any other. */
function groupsOf(address: string): readonly string[] | undefined {
  if (!isIPv6(address) || mapped(address)) return undefined
  const [head = '', tail = ''] = address.toLowerCase().split('::')
  const [first, last] = [head, tail].map((half) => (half === '' ? [] : half.split(':'))) as [
    string[],
    string[],
  ]
  const missing = address.includes('::') ? 8 - first.length - last.length : 0
  return [...first, ...Array.from({ length: missing }, () => '0'), ...last]
}
