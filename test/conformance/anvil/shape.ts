/** What a node answered. */
export interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The kind of a value: what a client's types tell apart. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'string') return typeof value;
  if (/^0x(0|[1-9a-f][0-9a-f]{0,15})$/.test(value)) return 'quantity';
  if (/^0x([0-9a-fA-F]{2})*$/.test(value)) return 'hex';
  return 'text';
}

/** Lists of any length have one shape: that of their first item. */
function compare(ours: unknown, theirs: unknown, path: string): readonly string[] {
  const [mine, other] = [kindOf(ours), kindOf(theirs)];
  // A number whose digits are even in count reads as data, and short data as a number: both are hexadecimal text.
  const isHex = [mine, other].every((kind) => kind === 'quantity' || kind === 'hex');
  if (isHex) return [];
  if (mine !== other) return [`${path}: ${mine}, anvil ${other}`];
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    if (ours.length === 0 || theirs.length === 0)
      return ours.length === theirs.length ? [] : [`${path}: ${ours.length} items, anvil ${theirs.length}`];
    return compare(ours[0], theirs[0], `${path}[]`);
  }
  if (mine !== 'object') return [];
  const [left, right] = [byName(ours as Record<string, unknown>), byName(theirs as Record<string, unknown>)];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].sort().flatMap((key) => {
    const place = path === '' ? key : `${path}.${key}`;
    if (!(key in right)) return [`${place}: only here`];
    if (!(key in left)) return [`${place}: only anvil`];
    return compare(left[key], right[key], place);
  });
}

/** Addresses and hashes as keys are data, not shape: one stands for all, the one with the most fields. */
function byName(object: Record<string, unknown>): Record<string, unknown> {
  const [data, names] = [/^0x/, /^(?!0x)/].map((pattern) => Object.entries(object).filter(([key]) => pattern.test(key))) as [
    [string, unknown][],
    [string, unknown][],
  ];
  const fieldsOf = (value: unknown) => (typeof value === 'object' && value !== null ? Object.keys(value).length : 0);
  const [largest] = data.sort(([, a], [, b]) => fieldsOf(b) - fieldsOf(a));
  return Object.fromEntries([...names, ...(largest === undefined ? [] : [['{}', largest[1]] as [string, unknown]])]);
}

/** In which ways two answers differ for a client; each once. Messages are for people and not compared. */
export function differences(ours: Answer, theirs: Answer): readonly string[] {
  if (ours.error !== undefined || theirs.error !== undefined) {
    const [mine, other] = [ours, theirs].map(({ error }) => (error === undefined ? 'a result' : `error ${error.code}`));
    return mine === other ? [] : [`${mine}, anvil ${other}`];
  }
  return [...new Set(compare(ours.result, theirs.result, ''))].map((difference) => difference.replace(/^: /, ''));
}
