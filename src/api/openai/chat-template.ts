/** Turns a conversation into the text that a model without special tokens continues. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

const SPEAKERS: Readonly<Record<ChatMessage['role'], string>> = {
  system: 'System',
  developer: 'System',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool',
};

/** A turn ends where the next speaker would begin. */
export const TURN_STOP = '\nUser:';

/** "User: …\nAssistant:" — plain speakers' names, since the vocabulary is that of running text. */
export function renderChat(messages: readonly ChatMessage[]): string {
  return `${messages.map(({ role, content }) => `${SPEAKERS[role]}: ${content.trim()}`).join('\n')}\nAssistant:`;
}
