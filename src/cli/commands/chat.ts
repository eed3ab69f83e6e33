import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { messageOf } from '../../primitives/errors.ts';
import { countArgument, numberArgument } from '../arguments.ts';
import { type ChatMessage, type ChatRequest, createClient, type NodeClient } from '../client.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';

const DEFAULT_MAX_TOKENS = 100;

interface ChatOptions extends NodeAddressOptions {
  readonly prompt?: string;
  readonly system?: string;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
}

export function registerChat(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('chat'))
    .description('Chat with the model the network has trained so far.')
    .option('--prompt <TEXT>', 'one question; without it, a conversation (Ctrl-D ends it)')
    .option('--system <TEXT>', 'a message the model reads before the conversation')
    .option('--max-tokens <N>', 'longest answer', countArgument(1), DEFAULT_MAX_TOKENS)
    .option('--temperature <T>', 'randomness from 0 (none) to 2', numberArgument(0, 2))
    .option('--top-p <P>', 'sample from the likeliest tokens that hold this share', numberArgument(0, 1))
    .option('--seed <N>', 'the same seed gives the same answer from the same model', countArgument(0))
    .action(async (options: ChatOptions) => {
      const client = createClient({ url: nodeUrl(options) }, io);
      if (options.prompt === undefined) await converse(options, client, io);
      else await answer([...opening(options), { role: 'user', content: options.prompt }], options, client, io);
    });
  examples(command, [
    ['pol-node chat --prompt "Fellow citizens of the Senate" --max-tokens 200', 'one answer'],
    ['pol-node chat --port 8083', 'a conversation with another node'],
    ['echo "My fellow Americans" | pol-node chat', 'a line at a time from a pipe'],
  ]);
}

/** Reads lines until the input ends. At a terminal an answer that fails is told, and the conversation goes on. */
async function converse(options: ChatOptions, client: NodeClient, io: Io): Promise<void> {
  // A node that is away should be told before the user has typed anything.
  await client.status();
  const interactive = io.input.isTTY === true;
  if (interactive) io.err.write('Write a message and press Enter; Ctrl-D ends.\n');
  const lines = createInterface({ input: io.input, crlfDelay: Number.POSITIVE_INFINITY });
  const messages: ChatMessage[] = opening(options);
  const prompt = () => interactive && io.err.write('> ');
  try {
    prompt();
    for await (const line of lines) {
      if (line.trim() !== '') {
        const question: ChatMessage = { role: 'user', content: line };
        try {
          const text = await answer([...messages, question], options, client, io);
          messages.push(question, { role: 'assistant', content: text });
        } catch (error) {
          if (!interactive) throw error;
          io.err.write(`error: ${messageOf(error)}\n`);
        }
      }
      prompt();
    }
  } finally {
    lines.close();
  }
  if (interactive) io.err.write('\n');
}

function opening({ system }: ChatOptions): ChatMessage[] {
  return system === undefined ? [] : [{ role: 'system', content: system }];
}

/** Streams one answer to the output; Ctrl-C ends the answer. */
async function answer(messages: readonly ChatMessage[], options: ChatOptions, client: NodeClient, io: Io): Promise<string> {
  const { maxTokens, temperature, topP, seed } = options;
  const request: ChatRequest = { messages, maxTokens, temperature, topP, seed };
  const stop = new AbortController();
  const forget = io.onInterrupt(() => stop.abort());
  let text = '';
  try {
    for await (const piece of client.chat(request, stop.signal)) {
      text += piece;
      io.out.write(piece);
    }
  } catch (error) {
    if (text !== '') io.out.write('\n');
    if (!stop.signal.aborted) throw error;
    return text;
  } finally {
    forget();
  }
  io.out.write('\n');
  return text;
}
