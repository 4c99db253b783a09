// Which peers may say who the client is and what the request is called: the configured proxies, and nobody else.
import { BlockList, isIP } from 'node:net';
import type { ControlConfig } from '../config.ts';

/** Whether an address is a proxy of ours. v1: while headers are trusted, an empty list trusts whoever connects. */
export function proxyTrust({
  trustProxyHeaders,
  trustedProxyIps,
}: Pick<ControlConfig, 'trustProxyHeaders' | 'trustedProxyIps'>): (address: string | undefined) => boolean {
  if (!trustProxyHeaders) return () => false;
  if (trustedProxyIps.length === 0) return () => true;
  const trusted = new BlockList();
  for (const entry of trustedProxyIps) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    return isIP(plain) !== 0 && trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{8,128}$/;

/** The id a trusted proxy gave this request, if it gave a usable one. */
export const givenRequestId = (header: unknown): string | undefined =>
  typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined;
