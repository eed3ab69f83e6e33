import { STAKE_CONTRACT, TRAINING_CONTRACT } from './addresses.ts';
import { STAKE_ABI, STAKE_SELECTORS, TRAINING_ABI, TRAINING_SELECTORS } from './artifacts.ts';

/** What asks a node: window.ethereum, or an EIP-1193 provider of any library. */
export interface Provider {
  request(request: { readonly method: string; readonly params: readonly unknown[] }): Promise<unknown>;
}

type Hexadecimal = `0x${string}`;
interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly components?: readonly Parameter[];
}
interface AbiFunction {
  readonly type: 'function';
  readonly name: string;
  readonly inputs: readonly Parameter[];
  readonly outputs: readonly Parameter[];
}
type Abi = readonly { readonly type: string }[];

/** TypeScript's type of a value, as viem has it: numbers where they are exact. */
type Elementary<T> = T extends 'bool'
  ? boolean
  : T extends 'uint8' | 'uint32' | 'uint48'
    ? number
    : T extends `uint${string}`
      ? bigint
      : T extends 'address' | 'bytes32'
        ? Hexadecimal
        : never;
type Fields<C extends readonly Parameter[]> = { readonly [P in C[number] as P['name']]: ValueOf<P> };
type ValueOf<P> = P extends { readonly type: 'tuple'; readonly components: infer C extends readonly Parameter[] }
  ? Fields<C>
  : P extends { readonly type: 'tuple[]'; readonly components: infer C extends readonly Parameter[] }
    ? readonly Fields<C>[]
    : P extends { readonly type: infer T }
      ? Elementary<T>
      : never;
type Functions<A extends Abi> = Extract<A[number], AbiFunction>;
type Named<A extends Abi, N> = Extract<Functions<A>, { readonly name: N }>;
type Arguments<F> = F extends { readonly inputs: infer I extends readonly Parameter[] }
  ? { readonly [K in keyof I]: ValueOf<I[K]> }
  : never;
type Result<F> = F extends { readonly outputs: infer O extends readonly Parameter[] }
  ? O extends readonly [infer Only]
    ? ValueOf<Only>
    : Fields<O>
  : never;
type View<A extends Abi> = Extract<Functions<A>, { readonly stateMutability: 'view' }>['name'];

export interface ContractClient<A extends Abi> {
  readonly address: Hexadecimal;
  /** Asks the node. A call that reverts rejects with the provider's error, which holds the revert's data. */
  read<N extends View<A>>(name: N, ...args: Arguments<Named<A, N>>): Promise<Result<Named<A, N>>>;
  /** The transaction that makes a call, for a wallet to sign. */
  encode<N extends Functions<A>['name']>(
    name: N,
    ...args: Arguments<Named<A, N>>
  ): { readonly to: Hexadecimal; readonly data: Hexadecimal };
}

const WORD_DIGITS = 64;
const MAX_NUMBER_BITS = 48;

function createContractClient<A extends Abi>(
  contract: { readonly address: Hexadecimal; readonly abi: A; readonly selectors: Readonly<Record<string, string>> },
  provider: Provider,
): ContractClient<A> {
  const { address, abi, selectors } = contract;

  function functionOf(name: string): AbiFunction {
    const found = abi.find((entry): entry is AbiFunction => entry.type === 'function' && (entry as AbiFunction).name === name);
    if (found === undefined) throw new RangeError(`the contract has no function ${name}`);
    return found;
  }

  function encode(name: string, args: readonly unknown[]): { readonly to: Hexadecimal; readonly data: Hexadecimal } {
    const { inputs } = functionOf(name);
    if (args.length !== inputs.length) throw new RangeError(`${name} takes ${inputs.length} arguments`);
    const selector = selectors[`${name}(${inputs.map(({ type }) => type).join(',')})`];
    return { to: address, data: `0x${selector}${args.map(encodeWord).join('')}` };
  }

  return {
    address,
    encode: (name, ...args) => encode(name, args as readonly unknown[]),
    async read(name, ...args) {
      const answer = await provider.request({ method: 'eth_call', params: [encode(name, args as readonly unknown[]), 'latest'] });
      return decodeResult(functionOf(name).outputs, wordsOf(String(answer))) as never;
    },
  };
}

/** @throws RangeError for what no word holds */
function encodeWord(value: unknown): string {
  const number = BigInt(value as string | number | bigint | boolean);
  const digits = number.toString(16);
  if (number < 0n || digits.length > WORD_DIGITS) throw new RangeError('an argument is not a number of 256 bits');
  return digits.padStart(WORD_DIGITS, '0');
}

function wordsOf(answer: string): readonly bigint[] {
  const digits = answer.slice(2);
  return Array.from({ length: digits.length / WORD_DIGITS }, (_, i) => BigInt(`0x${digits.slice(i * WORD_DIGITS, (i + 1) * WORD_DIGITS)}`));
}

/** These contracts answer with words, structures of words, and one list of such structures. */
function decodeResult(outputs: readonly Parameter[], words: readonly bigint[]): unknown {
  const [only] = outputs;
  if (only === undefined || outputs.length > 1) return decodeFields(outputs, words);
  if (only.type === 'tuple') return decodeFields(only.components ?? [], words);
  if (only.type !== 'tuple[]') return decodeValue(only.type, words[0] ?? 0n);
  const fields = only.components ?? [];
  // Words before the list's items: where it begins, and how long it is.
  return Array.from({ length: Number(words[1] ?? 0n) }, (_, i) => decodeFields(fields, words.slice(2 + i * fields.length)));
}

function decodeFields(fields: readonly Parameter[], words: readonly bigint[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(fields.map(({ name, type }, i) => [name, decodeValue(type, words[i] ?? 0n)]));
}

function decodeValue(type: string, value: bigint): unknown {
  if (type === 'bool') return value !== 0n;
  if (type === 'address') return `0x${value.toString(16).padStart(40, '0')}`;
  if (type === 'bytes32') return `0x${value.toString(16).padStart(WORD_DIGITS, '0')}`;
  return Number(type.slice('uint'.length)) <= MAX_NUMBER_BITS ? Number(value) : value;
}

/**
 * Reads of the training contract: rounds, proofs, trainers, stakes, the model's root.
 *
 * @example
 * const training = createTrainingClient(window.ethereum);
 * const last = (await training.read('settledRounds')) - 1n;
 * const { accepted, modelRoot } = await training.read('round', last);
 */
export function createTrainingClient(provider: Provider): ContractClient<typeof TRAINING_ABI> {
  return createContractClient({ address: TRAINING_CONTRACT, abi: TRAINING_ABI, selectors: TRAINING_SELECTORS }, provider);
}

/**
 * Reads and transactions of the stake contract.
 *
 * @example
 * const stake = createStakeClient(provider);
 * await provider.request({ method: 'eth_sendTransaction', params: [{ from, value: '0xde0b6b3a7640000', ...stake.encode('deposit') }] });
 */
export function createStakeClient(provider: Provider): ContractClient<typeof STAKE_ABI> {
  return createContractClient({ address: STAKE_CONTRACT, abi: STAKE_ABI, selectors: STAKE_SELECTORS }, provider);
}
