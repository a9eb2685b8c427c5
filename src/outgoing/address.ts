/**
 * Which addresses we call. The URL was written by a fintech, and a name may lead anywhere: into the
 * bank's own network, to this machine, to a cloud's metadata service.
 */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Result } from '../errors.ts'

export type Address = { readonly address: string; readonly family: number }
export type Resolve = (hostname: string) => Promise<readonly Address[]>

/** Every address of the IPv4 registry of special purposes (RFC 6890 and later), and multicast. */
const notPublic4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Within what is routed at all: Teredo and other protocol assignments, documentation, 6to4, which carries any IPv4. */
const notPublic6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
]

const refused = new BlockList()
for (const [net, bits] of notPublic4) refused.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of notPublic6) refused.addSubnet(net, bits, 'ipv6')
/** Global unicast; private, link-local, multicast, mapped and translated addresses all lie outside. */
const routed6 = new BlockList()
routed6.addSubnet('2000::', 3, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

export function isPublic(address: string): boolean {
  if (!isIPv6(address)) return !refused.check(address, 'ipv4')
  return routed6.check(address, 'ipv6') && !refused.check(address, 'ipv6')
}

const isLoopback = (address: string): boolean => loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** Whether a host's name or address, as a URL or a listener has it, can only be this machine. */
export function isThisMachine(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return /^(?:.+\.)?localhost$/.test(bare) || (isIP(bare) !== 0 && isLoopback(bare))
}

const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true })

/**
 * The addresses of a host, all of them checked: one bad one refuses the host. To be connected to as they are, because a
 * second look-up may answer otherwise.
 */
export async function checkedAddresses(
  hostname: string,
  {
    allowLoopback,
    resolve = resolveBySystem,
  }: { readonly allowLoopback: boolean; readonly resolve?: Resolve | undefined },
): Promise<Result<readonly Address[], { readonly problem: 'name-unknown' | 'address-refused' }>> {
  const found = await resolve(hostname.replace(/^\[|\]$/g, '')).catch(() => [])
  if (found.length === 0) return { ok: false, problem: 'name-unknown' }
  const may = ({ address }: Address) => isPublic(address) || (allowLoopback && isLoopback(address))
  return found.every(may) ? { ok: true, value: found } : { ok: false, problem: 'address-refused' }
}
