import { open } from 'node:fs/promises';
import { messageOf } from '../../primitives/errors.ts';
import { formatError } from './errors.ts';

/** A file read at any place. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `position` on, in a buffer of their own. @throws FORMAT_INVALID when the file ends before */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** @throws FORMAT_NOT_FOUND */
export async function openFileSource(path: string): Promise<ByteSource> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw formatError('FORMAT_NOT_FOUND', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
  const { size } = await file.stat();
  return {
    name: path,
    size,
    async read(position, length) {
      requireWithin(path, size, position, length);
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await file.read(bytes, at, length - at, position + at);
        if (bytesRead === 0) throw endsEarly(path, size, position, length);
        at += bytesRead;
      }
      return bytes;
    },
    close: () => file.close(),
  };
}

/** Bytes at hand. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(position, length) {
      requireWithin(name, bytes.length, position, length);
      return bytes.slice(position, position + length);
    },
    async close() {},
  };
}

function requireWithin(name: string, size: number, position: number, length: number): void {
  if (position < 0 || length < 0 || position + length > size) throw endsEarly(name, size, position, length);
}

function endsEarly(name: string, size: number, position: number, length: number) {
  return formatError(
    'FORMAT_INVALID',
    `${name} ends after ${size} bytes, and ${length} from ${position} on were to be there: it is cut off`,
  );
}
