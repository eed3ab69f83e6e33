import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { networkError } from './errors.ts';
import { MAX_ADDRESS_CHARS } from './limits.ts';

const HOST_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;
const HOST_COMPONENTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);

/**
 * A dialable WebSocket address from "host:port", "[v6]:port" or a multiaddr.
 *
 * @example parseAddress('localhost:8001') // /dns/localhost/tcp/8001/ws
 * @throws NETWORK_BAD_ADDRESS
 */
export function parseAddress(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > MAX_ADDRESS_CHARS) throw badAddress(trimmed);
  if (trimmed.startsWith('/')) return parseMultiaddr(trimmed).toString();
  const match = HOST_PORT.exec(trimmed);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65535)) throw badAddress(trimmed);
  if (match?.[1] !== undefined && isIP(host) !== 6) throw badAddress(trimmed);
  try {
    return multiaddr(`/${hostProtocol(host)}/${host}/tcp/${port}/ws`).toString();
  } catch (cause) {
    throw badAddress(trimmed, cause);
  }
}

/** The multiaddr to listen on; a host name is resolved first. @throws NETWORK_BAD_ADDRESS */
export async function listenAddress(host: string, port: number): Promise<string> {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  try {
    const ip = isIP(bare) === 0 ? (await lookup(bare)).address : bare;
    return `/${isIPv4(ip) ? 'ip4' : 'ip6'}/${ip}/tcp/${port}/ws`;
  } catch (cause) {
    throw networkError('NETWORK_BAD_ADDRESS', `p2p_host "${host}" is neither an IP address nor a name that resolves`, { cause });
  }
}

/** The peer id at the end of a multiaddr, if it names one. */
export function peerIdOf(address: string): string | undefined {
  return parseMultiaddr(address)
    .getComponents()
    .findLast((component) => component.name === 'p2p')?.value;
}

/** True for addresses that mean this machine. */
export function isLoopback(address: string): boolean {
  const host = parseMultiaddr(address).getComponents()[0]?.value ?? '';
  return host === 'localhost' || host === '::1' || host === '0:0:0:0:0:0:0:1' || /^(::ffff:)?127\./.test(host);
}

/** Host and port alone, with all names of this machine made one, to see whether two addresses mean the same listener. */
export function endpointOf(address: string): string {
  const components = parseMultiaddr(address).getComponents();
  const port = components.find((component) => component.name === 'tcp')?.value ?? '';
  return `${isLoopback(address) ? 'loopback' : (components[0]?.value ?? '')}:${port}`;
}

/** @throws NETWORK_BAD_ADDRESS unless it is host, TCP port, WebSocket and optionally a peer id */
function parseMultiaddr(text: string): Multiaddr {
  let parsed: Multiaddr;
  try {
    parsed = multiaddr(text);
  } catch (cause) {
    throw badAddress(text, cause);
  }
  const names = parsed.getComponents().map((component) => component.name);
  const [host, transport, ...rest] = names;
  const socket = rest.join('/').replace(/\/?p2p$/, '');
  if (host === undefined || !HOST_COMPONENTS.has(host) || transport !== 'tcp' || !['ws', 'wss', 'tls/ws'].includes(socket)) {
    throw badAddress(text);
  }
  // The multiaddr library takes any base58 text for a peer id; libp2p throws on it where it is used.
  const peer = parsed.getComponents().find((component) => component.name === 'p2p')?.value;
  if (peer !== undefined) {
    try {
      peerIdFromString(peer);
    } catch (cause) {
      throw badAddress(text, cause);
    }
  }
  return parsed;
}

function hostProtocol(host: string): string {
  const version = isIP(host);
  return version === 4 ? 'ip4' : version === 6 ? 'ip6' : 'dns';
}

function badAddress(text: string, cause?: unknown) {
  return networkError(
    'NETWORK_BAD_ADDRESS',
    `"${text.slice(0, 80)}" is not an address: write host:port, or a multiaddr such as /ip4/192.0.2.1/tcp/8000/ws`,
    { cause },
  );
}
