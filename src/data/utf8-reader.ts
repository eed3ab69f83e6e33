import { Buffer, isUtf8 } from 'node:buffer';
import { dataError } from './errors.ts';

/** Decodes UTF-8 that arrives in pieces cut anywhere; what is not UTF-8 is an error with its place, never a replacement character. */
export interface Utf8Reader {
  /** @throws DATA_NOT_TEXT */
  push(bytes: Uint8Array): string;
  /** @throws DATA_NOT_TEXT when the last character is not whole */
  end(): void;
}

/** @param name of the file, for messages */
export function createUtf8Reader(name: string): Utf8Reader {
  let tail: Uint8Array = new Uint8Array(0);
  /** Bytes before `tail`. */
  let consumed = 0;

  const refuse = (offset: number) =>
    dataError('DATA_NOT_TEXT', `${name} is not UTF-8 text: invalid byte at offset ${offset}`, { data: { name, offset } });

  return {
    push(bytes) {
      const joined = Buffer.concat([tail, bytes]);
      const whole = joined.subarray(0, joined.length - unfinishedBytes(joined));
      if (!isUtf8(whole)) throw refuse(consumed + validPrefix(whole));
      const text = whole.toString('utf8');
      tail = Uint8Array.from(joined.subarray(whole.length));
      const first = consumed === 0;
      consumed += whole.length;
      return first && text.startsWith('\ufeff') ? text.slice(1) : text;
    },
    end() {
      if (tail.length > 0) throw refuse(consumed);
    },
  };
}

/** Bytes at the end that begin a character and do not finish it. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let i = 1; i <= Math.min(3, bytes.length); i++) {
    const byte = bytes[bytes.length - i] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return i < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? i : 0;
  }
  return 0;
}

/** Where the first malformed character begins, by bisection: a longer prefix is not UTF-8 even without its unfinished end. */
function validPrefix(bytes: Uint8Array): number {
  const wholeLength = (length: number): number => length - unfinishedBytes(bytes.subarray(0, length));
  let valid = 0;
  let invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (isUtf8(bytes.subarray(0, wholeLength(middle)))) valid = middle;
    else invalid = middle;
  }
  return wholeLength(valid);
}
