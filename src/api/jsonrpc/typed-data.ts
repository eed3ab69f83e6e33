import { concatBytes, fromHex, utf8 } from '../../primitives/bytes.ts';
import { type Hash, keccak256 } from '../../primitives/hash.ts';
import { apiError } from '../errors.ts';
import { MAX_TYPED_DATA_DEPTH } from '../limits.ts';
import { numberToBytes32, parseAddress, parseArray, parseBytes, parseObject, parseText } from './parse.ts';

interface Field {
  readonly name: string;
  readonly type: string;
}
type Types = ReadonlyMap<string, readonly Field[]>;

const invalid = (sentence: string) => apiError('API_INVALID_REQUEST', `invalid typed data: ${sentence}`);
const WORD_BITS = 256n;
const DOMAIN = 'EIP712Domain';

/** The digest that is signed for typed data (EIP-712), as eth_signTypedData_v4 takes it: an object, or its text. @throws API_INVALID_REQUEST */
export function typedDataDigest(value: unknown): Hash {
  const { types, primaryType, domain, message } = parseObject(typeof value === 'string' ? parseJson(value) : value, 'typedData');
  const known = parseTypes(types);
  const primary = parseText(primaryType, 'primaryType');
  const separator = hashStruct(known, DOMAIN, parseObject(domain, 'domain'), 0);
  const parts = [Uint8Array.of(0x19, 0x01), separator];
  // Whoever signs only a domain has nothing behind it.
  if (primary !== DOMAIN) parts.push(hashStruct(known, primary, parseObject(message, 'message'), 0));
  return keccak256(concatBytes(...parts));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
}

function parseTypes(value: unknown): Types {
  const entries = Object.entries(parseObject(value, 'types')).map(([name, fields]) => {
    const parsed = parseArray(fields, name).map((field) => {
      const { name: fieldName, type } = parseObject(field, name);
      return { name: parseText(fieldName, `${name}.name`), type: parseText(type, `${name}.type`) };
    });
    return [name, parsed] as const;
  });
  return new Map(entries);
}

function fieldsOf(types: Types, name: string): readonly Field[] {
  const fields = types.get(name);
  if (fields === undefined) throw invalid(`there is no type ${name}`);
  return fields;
}

function hashStruct(types: Types, name: string, value: Readonly<Record<string, unknown>>, depth: number): Hash {
  if (depth > MAX_TYPED_DATA_DEPTH) throw invalid(`deeper than ${MAX_TYPED_DATA_DEPTH}`);
  const words = fieldsOf(types, name).map((field) => encode(types, field.type, value[field.name], `${name}.${field.name}`, depth));
  return keccak256(concatBytes(keccak256(utf8(encodeType(types, name))), ...words));
}

/** The type, and those it uses in order of name. */
function encodeType(types: Types, name: string): string {
  const used = new Set<string>();
  function use(type: string): void {
    if (used.has(type) || !types.has(type)) return;
    used.add(type);
    for (const field of fieldsOf(types, type)) use(field.type.replace(/(\[\d*\])+$/, ''));
  }
  use(name);
  used.delete(name);
  return [name, ...[...used].sort()]
    .map(
      (type) =>
        `${type}(${fieldsOf(types, type)
          .map((field) => `${field.type} ${field.name}`)
          .join(',')})`,
    )
    .join('');
}

/** One field as a word of 32 bytes. */
function encode(types: Types, type: string, value: unknown, place: string, depth: number): Uint8Array {
  const array = /^(.*)\[(\d*)\]$/.exec(type);
  if (array !== null) {
    const items = parseArray(value, place);
    if (array[2] !== '' && items.length !== Number(array[2])) throw invalid(`${place} has ${items.length} items, not ${array[2]}`);
    if (depth > MAX_TYPED_DATA_DEPTH) throw invalid(`deeper than ${MAX_TYPED_DATA_DEPTH}`);
    return keccak256(concatBytes(...items.map((item, i) => encode(types, array[1] ?? '', item, `${place}[${i}]`, depth + 1))));
  }
  if (types.has(type)) {
    return value === null || value === undefined ? new Uint8Array(32) : hashStruct(types, type, parseObject(value, place), depth + 1);
  }
  if (type === 'string') return keccak256(utf8(parseText(value, place)));
  if (type === 'bytes') return keccak256(parseBytes(value, place));
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw invalid(`${place} must be true or false`);
    return numberToBytes32(value ? 1n : 0n);
  }
  if (type === 'address') return numberToBytes32(BigInt(`0x${Buffer.from(parseAddress(value, place)).toString('hex')}`));
  const fixed = /^bytes(\d+)$/.exec(type);
  if (fixed !== null && Number(fixed[1]) >= 1 && Number(fixed[1]) <= 32) {
    const word = new Uint8Array(32);
    word.set(parseBytes(value, place, Number(fixed[1])));
    return word;
  }
  const integer = /^(u?)int(\d*)$/.exec(type);
  if (integer !== null) return encodeInteger(value, integer[1] === '', BigInt(integer[2] === '' ? '256' : (integer[2] ?? '256')), place);
  throw invalid(`${place} has the unknown type ${type.slice(0, 80)}`);
}

function encodeInteger(value: unknown, isSigned: boolean, bits: bigint, place: string): Uint8Array {
  let number: bigint;
  try {
    number = BigInt(value as string | number);
  } catch {
    throw invalid(`${place} is not an integer`);
  }
  const most = 2n ** (isSigned ? bits - 1n : bits);
  if (bits > WORD_BITS || number >= most || number < (isSigned ? -most : 0n)) throw invalid(`${place} does not fit its type`);
  return fromHex(`0x${BigInt.asUintN(Number(WORD_BITS), number).toString(16).padStart(64, '0')}`);
}
