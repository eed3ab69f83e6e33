import { Template } from '@huggingface/jinja';
import type { ChatTemplateSource } from '../../chain/view.ts';
import { messageOf } from '../../primitives/errors.ts';
import { apiError } from '../errors.ts';

/** Turns a conversation into the text that a model continues. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly tool_calls?: readonly { readonly id?: string; readonly function: { readonly name: string; readonly arguments: string } }[];
  readonly tool_call_id?: string;
}

/** A function the model may call, as requests describe it. */
export interface ChatTool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description?: string; readonly parameters?: unknown; readonly strict?: boolean };
}

export interface ChatTemplate {
  /** Whether the template tells the model of tools; then calls are written as `<tool_call>{"name": …, "arguments": …}</tool_call>`. */
  readonly hasTools: boolean;
  /** Texts that end the assistant's turn. */
  readonly stops: readonly string[];
  /** @throws API_INVALID_REQUEST with the template's own refusal */
  render(messages: readonly ChatMessage[], tools: readonly ChatTool[]): string;
}

/** "User: …\nAssistant:" — plain speakers' names, since the vocabulary is that of running text. */
export const DEFAULT_CHAT_TEMPLATE: ChatTemplateSource = {
  template: `{%- set speakers = {'system': 'System', 'developer': 'System', 'user': 'User', 'assistant': 'Assistant', 'tool': 'Tool'} -%}
{%- if tools -%}
{{ 'System: Functions that may be called:\\n' }}
{%- for tool in tools -%}
{{ tool.function | tojson }}{{ '\\n' }}
{%- endfor -%}
{{ 'A call is written <tool_call>{"name": NAME, "arguments": ARGUMENTS}</tool_call>\\n' }}
{%- endif -%}
{%- for message in messages -%}
{{ speakers[message.role] }}: {{ message.content | trim }}
{%- for call in message.tool_calls or [] -%}
{{ '<tool_call>' }}{{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}{{ '</tool_call>' }}
{%- endfor -%}
{{ '\\n' }}
{%- endfor -%}
Assistant:`,
  // A turn ends where the next speaker would begin.
  stops: ['\nUser:'],
};

/** @throws API_INVALID_REQUEST when the template does not parse */
export function createChatTemplate(source: ChatTemplateSource): ChatTemplate {
  const { stops, variables = {} } = source;
  const guard = <T>(run: () => T): T => {
    try {
      return run();
    } catch (cause) {
      throw apiError('API_INVALID_REQUEST', `messages: the chat template refuses them: ${messageOf(cause)}`, {
        cause,
        data: { param: 'messages' },
      });
    }
  };
  const template = guard(() => new Template(source.template));
  return {
    // As Hugging Face's own library judges it: a template that never reads the variable drops tools silently.
    hasTools: /\btools\b/.test(source.template),
    stops,
    render: (messages, tools) =>
      guard(() =>
        template.render({
          ...variables,
          messages: messages.map(forTemplate),
          ...(tools.length > 0 ? { tools } : {}),
          add_generation_prompt: true,
        }),
      ),
  };
}

/** Templates write arguments as JSON themselves: they get the value, not its text. */
function forTemplate({ tool_calls: calls, ...message }: ChatMessage) {
  if (calls === undefined || calls.length === 0) return message;
  return {
    ...message,
    tool_calls: calls.map((call) => ({
      type: 'function',
      ...call,
      function: { name: call.function.name, arguments: parsed(call.function.arguments) },
    })),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
