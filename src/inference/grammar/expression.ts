/** What a constrained answer may be, over bytes. Expressions are shared freely: a compiled one is remembered with what follows it. */
export type Expression =
  /** One byte of from…to. */
  | { readonly kind: 'byte'; readonly from: number; readonly to: number }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  /** `most` undefined: without bound. */
  | { readonly kind: 'repeat'; readonly item: Expression; readonly least: number; readonly most: number | undefined }
  /** A named rule: how expressions recurse. */
  | { readonly kind: 'rule'; readonly name: string };

export type Rules = ReadonlyMap<string, Expression>;

export const byte = (from: number, to = from): Expression => ({ kind: 'byte', from, to });
export const sequence = (...parts: readonly Expression[]): Expression => ({ kind: 'sequence', parts });
export const choice = (...options: readonly Expression[]): Expression =>
  options.length === 1 ? (options[0] as Expression) : { kind: 'choice', options };
export const repeat = (item: Expression, least: number, most?: number): Expression => ({ kind: 'repeat', item, least, most });
export const optional = (item: Expression): Expression => repeat(item, 0, 1);
export const rule = (name: string): Expression => ({ kind: 'rule', name });
export const EMPTY: Expression = sequence();
/** Nothing matches it. */
export const NOTHING: Expression = { kind: 'choice', options: [] };

/** The UTF-8 bytes of a text. */
export function literal(text: string): Expression {
  return sequence(...Array.from(new TextEncoder().encode(text), (value) => byte(value)));
}
