import { createHmac } from 'node:crypto';

const SECRET_PATTERN = /^(?:0x)?([0-9a-fA-F]{64})$/;
const HEADER = base64Url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));

/** The 32 bytes of a secret's file: hexadecimal, as execution clients write it. Undefined when it is not that. */
export function parseJwtSecret(text: string): Uint8Array | undefined {
  const digits = SECRET_PATTERN.exec(text.trim())?.[1];
  return digits === undefined ? undefined : new Uint8Array(Buffer.from(digits, 'hex'));
}

/** A token for one request: HS256 over the time it was issued (execution-apis, engine/authentication). */
export function createJwt(secret: Uint8Array, unixSeconds: number): string {
  const signed = `${HEADER}.${base64Url(JSON.stringify({ iat: unixSeconds }))}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function base64Url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
