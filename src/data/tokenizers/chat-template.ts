/**
 * How a conversation reads to a model without special tokens, as Jinja for tokenizer_config.json and GGUF: the same text as
 * api/openai/chat-template.ts renders (test/conformance/chat-template.test.ts).
 */
export const PLAIN_CHAT_TEMPLATE = [
  "{%- for message in messages -%}{%- if message['role'] == 'user' -%}User{%- elif message['role'] == 'assistant' -%}Assistant",
  "{%- elif message['role'] == 'tool' -%}Tool{%- else -%}System{%- endif -%}{{ ': ' + message['content'] | trim + '\\n' }}{%- endfor -%}",
  "{%- if add_generation_prompt -%}{{ 'Assistant:' }}{%- endif -%}",
].join('');
