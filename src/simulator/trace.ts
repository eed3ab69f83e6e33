import { createHash } from 'node:crypto';
import type { Wire } from './peer-network.ts';

/** A message goes to many: it is hashed once. */
const digests = new WeakMap<Uint8Array, string>();

function digestOf(bytes: Uint8Array): string {
  let digest = digests.get(bytes);
  if (digest === undefined) {
    digest = createHash('sha256').update(bytes).digest('base64').slice(0, 16);
    digests.set(bytes, digest);
  }
  return digest;
}

/** A short text that tells messages apart. */
export function describeWire(payload: Wire): string {
  switch (payload.type) {
    case 'hello':
      return `hello ${payload.height}`;
    case 'direct':
      return `direct ${digestOf(payload.bytes)}`;
    case 'gossip':
      return `${payload.topic} ${digestOf(payload.bytes)}`;
    case 'request':
      return `${payload.protocol}? ${payload.id} ${digestOf(payload.bytes)}`;
    case 'response':
      return `${payload.id}! ${payload.bytes === undefined ? 'refused' : digestOf(payload.bytes)}`;
  }
}
