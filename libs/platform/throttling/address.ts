import { isIPv6 } from 'node:net';

/**
 * What an address counts as: itself, or for IPv6 its first 64 bits, because whoever has one address there has the whole network of
 * them (RFC 4291 §2.5.4).
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const leading = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const trailing = tail === '' ? [] : tail.split(':');
    // An IPv4 address at the end stands for two groups.
    const written = leading.length + trailing.length + (tail.includes('.') ? 1 : 0);
    leading.push(...Array<string>(8 - written).fill('0'), ...trailing);
  }
  const groups = leading.slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
