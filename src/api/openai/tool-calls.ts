import { randomUUID } from 'node:crypto';
import type { Grammar } from '../../chain/view.ts';
import type { ChatTool } from './chat-template.ts';

/** Hermes' form of calls, which Qwen's and others' templates share: a JSON object between two tags. */
const OPEN = '<tool_call>';
const CLOSE = '</tool_call>';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON; cut off where the answer was. */
  readonly arguments: string;
}

export interface ParsedAnswer {
  readonly content: string;
  readonly calls: readonly ToolCall[];
}

/** One call of one of the tools, and nothing else. Schemas that are not supported bind arguments to be an object, unless `strict`. */
export function callGrammar(tools: readonly ChatTool[]): Grammar {
  return {
    either: tools.map(({ function: { name, parameters, strict } }) => ({
      sequence: [
        { literal: `${OPEN}\n{"name": ${JSON.stringify(name)}, "arguments": ` },
        { json: parameters ?? { type: 'object', additionalProperties: false }, leniently: strict !== true },
        { literal: `}\n${CLOSE}` },
      ],
    })),
  };
}

/** Calls in an answer's text, and what stands around them. What is no whole call stays text, but for one that was cut off. */
export function parseToolCalls(text: string): ParsedAnswer {
  const calls: ToolCall[] = [];
  let content = '';
  let at = 0;
  for (let open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, at)) {
    const close = text.indexOf(CLOSE, open);
    const body = text.slice(open + OPEN.length, close < 0 ? undefined : close);
    const call = close < 0 ? cutCall(body) : wholeCall(body);
    content += text.slice(at, open);
    at = close < 0 ? text.length : close + CLOSE.length;
    if (call === undefined) content += text.slice(open, at);
    else calls.push({ id: `call_${randomUUID().replaceAll('-', '')}`, ...call });
  }
  content += text.slice(at);
  return { content: calls.length > 0 ? content.trim() : content, calls };
}

/** Parts an answer's text while it comes: what surely belongs to no call, at once; calls, at the end. */
export interface CallSplitter {
  /** Text that may be shown. */
  push(text: string): string;
  /** What was held back. */
  end(): ParsedAnswer;
}

/** @param hasTools when false, all text is shown as it comes */
export function createCallSplitter(hasTools: boolean): CallSplitter {
  let all = '';
  let shown = 0;
  return {
    push(text) {
      if (!hasTools) return text;
      all += text;
      const from = shown;
      shown = Math.max(shown, certainLength(all));
      return all.slice(from, shown);
    },
    end: () => parseToolCalls(all.slice(shown)),
  };
}

/** Length of the text that surely belongs to no call. */
function certainLength(text: string): number {
  const open = text.indexOf(OPEN);
  if (open >= 0) return open;
  for (let length = Math.min(OPEN.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(OPEN.slice(0, length))) return text.length - length;
  }
  return text.length;
}

function wholeCall(body: string): Omit<ToolCall, 'id'> | undefined {
  try {
    const { name, arguments: values } = JSON.parse(body) as { name?: unknown; arguments?: unknown };
    if (typeof name !== 'string') return undefined;
    return { name, arguments: typeof values === 'string' ? values : JSON.stringify(values ?? {}) };
  } catch {
    return undefined;
  }
}

function cutCall(body: string): Omit<ToolCall, 'id'> | undefined {
  const found = /^\s*\{"name":\s*("(?:[^"\\]|\\.)*"),\s*"arguments":\s*([\s\S]*)$/.exec(body);
  return found === null ? undefined : { name: JSON.parse(found[1] as string) as string, arguments: found[2] as string };
}
