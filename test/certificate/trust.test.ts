/** Which connections are a listed proxy's: an address in any spelling, and nothing that is none. */
import { expect, it } from 'vitest'
import { trustedPeers } from '../../src/certificate/trust.ts'

it.each<readonly [networks: string, address: string | undefined, trusted: boolean]>([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  // A socket that listens on IPv6 as well gives IPv4 addresses like this.
  ['127.0.0.1', '::ffff:127.0.0.1', true],
  ['127.0.0.1', '::ffff:7f00:1', true],
  ['127.0.0.1', '::ffff:127.0.0.2', false],
  ['127.0.0.1', '::1', false],
  ['127.0.0.1', '::127.0.0.1', false],
  ['::1', '::1', true],
  ['::1', '0:0:0:0:0:0:0:1', true],
  ['::1', '::2', false],
  ['::1', '127.0.0.1', false],
  ['::1', '::ffff:0.0.0.1', false],
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['10.0.0.7/32', '10.0.0.7', true],
  ['10.0.0.7/32', '10.0.0.6', false],
  ['0.0.0.0/0', '203.0.113.1', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['2001:db8::/32', '2001:db8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::', false],
  ['2001:db8::/32', '32.1.13.184', false],
  ['10.0.0.1,2001:db8::/64', '2001:db8::5', true],
  ['10.0.0.1,2001:db8::/64', '10.0.0.1', true],
  ['10.0.0.1,2001:db8::/64', '10.0.0.5', false],
  ['', '127.0.0.1', false],
  // the socket is gone
  ['127.0.0.1', undefined, false],
  ['0.0.0.0/0', undefined, false],
  ['127.0.0.1', '', false],
  ['127.0.0.1', 'localhost', false],
  ['127.0.0.1', '127.1', false],
  ['127.0.0.1', '127.0.0.1, 10.0.0.1', false],
  ['127.0.0.1', '127.0.0.1 ', false],
  ['127.0.0.1', '0x7f000001', false],
  ['0.0.0.0/0', '/run/proxy.sock', false],
])('listed %s, from %s: %s', (networks, address, trusted) => {
  expect(trustedPeers(networks.split(',').filter(Boolean))(address)).toBe(trusted)
})
