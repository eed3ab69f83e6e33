import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import { type ChatMessage, createChatTemplate, DEFAULT_CHAT_TEMPLATE } from '../../src/api/openai/chat-template.ts';
import { PLAIN_CHAT_TEMPLATE } from '../../src/data/tokenizers/chat-template.ts';

const MESSAGES: readonly ChatMessage[] = [
  { role: 'system', content: ' Be brief. ' },
  { role: 'user', content: 'Who speaks?\n' },
  { role: 'assistant', content: 'I do.' },
  { role: 'tool', content: '42' },
  { role: 'developer', content: 'ä' },
];

describe('the chat template of an export', () => {
  it('writes a conversation as the node’s own API does', () => {
    const template = new Template(PLAIN_CHAT_TEMPLATE);
    const api = createChatTemplate(DEFAULT_CHAT_TEMPLATE);
    for (let count = 1; count <= MESSAGES.length; count++) {
      const messages = MESSAGES.slice(0, count);
      expect(template.render({ messages, add_generation_prompt: true })).toBe(api.render(messages, []));
    }
  });
});
