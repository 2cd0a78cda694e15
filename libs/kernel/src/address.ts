import { isIPv4, isIPv6 } from 'node:net';

/**
 * An address in the one form in which PostgreSQL's `inet` writes it, so that texts can be compared: IPv6 in lower case and
 * shortened (RFC 5952), an IPv4 address that was mapped to IPv6 as itself, no zone. Undefined for what is no address.
 */
export function canonicalAddress(given: string): string | undefined {
  if (isIPv4(given)) return given;
  const [bare = ''] = given.split('%', 1);
  if (!isIPv6(bare)) return undefined;
  const short = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, prefix, high, low] = /^::(ffff:)?([\da-f]{1,4}):([\da-f]{1,4})$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  const dotted = [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]).join('.');
  return prefix ? dotted : `::${dotted}`;
}

/**
 * The address in one hop of X-Forwarded-For: proxies write a port behind it, brackets around it, and quotes around both.
 */
export function addressOfHop(hop: string): string | undefined {
  const bare = hop.trim().replace(/^"(.*)"$/, '$1');
  const [, address] = /^\[([^\]]+)\](?::\d+)?$/.exec(bare) ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(bare) ?? [];
  return canonicalAddress(address ?? bare);
}
