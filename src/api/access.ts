import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { utf8 } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';

/**
 * Web pages and this API. Any page in the operator's browser can send requests to a port of the same machine. Reading the
 * chain is open to all of them; spending the node's coins is not, and neither is reaching it under a foreign name, by which
 * a page would pass for the node's own (DNS rebinding).
 */

const LOOPBACK_NAME = /^(localhost|\[::1\]|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;

/** True for an address or name to listen on that only this machine reaches. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_NAME.test(host.includes(':') ? `[${host}]` : host.toLowerCase());
}

/** True when the Host header names this machine, with any port. */
export function namesLoopback(headers: IncomingHttpHeaders): boolean {
  return isLoopbackAuthority(`http://${headers.host ?? ''}`);
}

/**
 * True for programs, which send no Origin, and for pages served by this machine. Browsers send Origin with every POST to
 * another origin, and a script cannot change it; Sec-Fetch-Site (W3C Fetch Metadata) tells of requests that came without.
 */
export function isFromThisMachine(headers: IncomingHttpHeaders): boolean {
  const { origin } = headers;
  if (origin !== undefined) return isLoopbackAuthority(origin);
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'none' || site === 'same-origin';
}

/** Whether who sends these headers may have the node's key used. */
export type MaySpend = (headers: IncomingHttpHeaders) => boolean;

/**
 * Programs of this machine may, where the API listens on loopback; and whoever sends the token, wherever it listens: a page has none.
 * Hashes are compared, so that the time it takes tells nothing of the token.
 */
export function createSpendingGuard(options: { readonly onLoopback: boolean; readonly token?: string | undefined }): MaySpend {
  const wanted = options.token === undefined ? undefined : sha256(utf8(options.token));
  return (headers) => {
    const given = bearerOf(headers);
    if (wanted !== undefined && given !== undefined && timingSafeEqual(sha256(utf8(given)), wanted)) return true;
    return options.onLoopback && isFromThisMachine(headers);
  };
}

/** The token of `Authorization: Bearer TOKEN` (RFC 6750). */
export function bearerOf({ authorization }: IncomingHttpHeaders): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
}

function isLoopbackAuthority(url: string): boolean {
  return URL.canParse(url) && LOOPBACK_NAME.test(new URL(url).hostname);
}
