import { inferenceError } from '../errors.ts';
import { MAX_AUTOMATON_STATES, MAX_GRAMMAR_DEPTH, MAX_GRAMMAR_NODES, MAX_STATE_PLACES } from '../limits.ts';
import type { Expression, Rules } from './expression.ts';

/** Where an answer stands in its grammar. States are made as they are reached, and remembered. */
export interface AutomatonState {
  /** The answer may end here. */
  readonly accepting: boolean;
  /** It must: nothing can follow. */
  readonly complete: boolean;
  /** After one more byte; undefined where the grammar does not go on with it. */
  next(byte: number): AutomatonState | undefined;
  /** Anything derived from the state alone, made once. */
  readonly derived: Map<unknown, unknown>;
}

export interface Automaton {
  readonly start: AutomatonState;
}

/* Nodes of the non-deterministic automaton. A rule is called, and returns to what follows the call. */
type Node =
  | { readonly kind: 'byte'; readonly from: number; readonly to: number; readonly next: number }
  | { readonly kind: 'split'; readonly next: number[] }
  | { readonly kind: 'call'; readonly rule: string; readonly next: number }
  | { readonly kind: 'return' };

/** Returns that are still to come, innermost first. */
interface Stack {
  readonly id: number;
  readonly node: number;
  readonly parent: Stack | undefined;
  readonly depth: number;
}

const RETURN = 0;

/**
 * A push-down automaton over bytes, run as a set of places at once, with the sets it meets interned as states (Thompson's construction;
 * the lazy subset construction). Rules nested deeper than MAX_GRAMMAR_DEPTH are not followed, which also ends left recursion.
 * @throws INFERENCE_GRAMMAR_INVALID when the grammar is too large or can match nothing
 */
export function createAutomaton(root: Expression, rules: Rules): Automaton {
  const nodes: Node[] = [{ kind: 'return' }];
  const compiled = new Map<Expression, Map<number, number>>();
  const ruleStarts = new Map<string, number>();
  const stacks = new Map<string, Stack>();
  const states = new Map<string, AutomatonState>();
  let nextStack = 1;

  function add(node: Node): number {
    if (nodes.length >= MAX_GRAMMAR_NODES) {
      throw inferenceError('INFERENCE_GRAMMAR_INVALID', `the grammar needs more than ${MAX_GRAMMAR_NODES} nodes: use fewer repetitions`);
    }
    return nodes.push(node) - 1;
  }

  /** The node at which `expression` begins when `next` follows it. */
  function compile(expression: Expression, next: number): number {
    const known = compiled.get(expression) ?? new Map<number, number>();
    compiled.set(expression, known);
    const made = known.get(next) ?? build(expression, next);
    known.set(next, made);
    return made;
  }

  function build(expression: Expression, next: number): number {
    switch (expression.kind) {
      case 'byte':
        return add({ kind: 'byte', from: expression.from, to: expression.to, next });
      case 'sequence':
        return expression.parts.reduceRight((after, part) => compile(part, after), next);
      case 'choice':
        return add({ kind: 'split', next: expression.options.map((option) => compile(option, next)) });
      case 'rule':
        return add({ kind: 'call', rule: expression.name, next });
      case 'repeat': {
        const { item, least, most } = expression;
        let after = next;
        if (most === undefined) {
          const loop = { kind: 'split' as const, next: [next] };
          after = add(loop);
          loop.next.push(compile(item, after));
        } else {
          for (let i = least; i < most; i++) after = add({ kind: 'split', next: [compile(item, after), next] });
        }
        for (let i = 0; i < least; i++) after = compile(item, after);
        return after;
      }
    }
  }

  function startOf(name: string): number {
    const known = ruleStarts.get(name);
    if (known !== undefined) return known;
    const expression = rules.get(name);
    if (expression === undefined) throw inferenceError('INFERENCE_GRAMMAR_INVALID', `the grammar has no rule "${name}"`);
    const start = compile(expression, RETURN);
    ruleStarts.set(name, start);
    return start;
  }

  function push(node: number, parent: Stack | undefined): Stack {
    const key = `${node},${parent?.id ?? 0}`;
    const known = stacks.get(key);
    if (known !== undefined) return known;
    const made = { id: nextStack++, node, parent, depth: (parent?.depth ?? 0) + 1 };
    stacks.set(key, made);
    return made;
  }

  /** All places that wait for a byte, reached without one; adds the end as well when it is reached. */
  function close(places: Places, node: number, stack: Stack | undefined): void {
    const key = `${node},${stack?.id ?? 0}`;
    if (places.seen.has(key)) return;
    places.seen.add(key);
    if (places.seen.size > MAX_STATE_PLACES) {
      throw inferenceError('INFERENCE_GRAMMAR_INVALID', `the grammar can go on in more than ${MAX_STATE_PLACES} ways at once`);
    }
    const at = nodes[node] as Node;
    switch (at.kind) {
      case 'byte':
        places.waiting.push({ key, at, stack });
        return;
      case 'split':
        for (const next of at.next) close(places, next, stack);
        return;
      case 'call': {
        // A call in last place needs no return of its own.
        const inner = at.next === RETURN ? stack : push(at.next, stack);
        if ((inner?.depth ?? 0) <= MAX_GRAMMAR_DEPTH) close(places, startOf(at.rule), inner);
        return;
      }
      case 'return':
        if (stack === undefined) places.ended = true;
        else close(places, stack.node, stack.parent);
    }
  }

  function stateOf(places: Places): AutomatonState | undefined {
    if (places.waiting.length === 0 && !places.ended) return undefined;
    const key = `${places.ended ? '.' : ''}${places.waiting
      .map((place) => place.key)
      .sort()
      .join(' ')}`;
    const known = states.get(key);
    if (known !== undefined) return known;
    // States in use stay alive by themselves; forgotten ones are made again.
    if (states.size >= MAX_AUTOMATON_STATES) {
      states.clear();
      stacks.clear();
    }
    const state = createState(places);
    states.set(key, state);
    return state;
  }

  function createState({ waiting, ended }: Places): AutomatonState {
    const following = new Array<AutomatonState | null | undefined>(256);
    return {
      accepting: ended,
      complete: ended && waiting.length === 0,
      derived: new Map(),
      next(byte) {
        let next = following[byte];
        if (next === undefined) {
          const places: Places = { seen: new Set(), waiting: [], ended: false };
          for (const { at, stack } of waiting) if (at.from <= byte && byte <= at.to) close(places, at.next, stack);
          next = stateOf(places) ?? null;
          following[byte] = next;
        }
        return next ?? undefined;
      },
    };
  }

  const places: Places = { seen: new Set(), waiting: [], ended: false };
  close(places, compile(root, RETURN), undefined);
  const start = stateOf(places);
  if (start === undefined) throw inferenceError('INFERENCE_GRAMMAR_INVALID', 'nothing matches the grammar');
  return { start };
}

interface Places {
  readonly seen: Set<string>;
  readonly waiting: { readonly key: string; readonly at: Extract<Node, { kind: 'byte' }>; readonly stack: Stack | undefined }[];
  ended: boolean;
}
