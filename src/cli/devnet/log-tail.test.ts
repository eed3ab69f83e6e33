import { describe, expect, it } from 'vitest';
import { lastLogSentence } from './log-tail.ts';

const info = '{"level":"info","time":"2026-01-01","node":"node_3","msg":"block committed"}';
const failure = '{"level":"error","node":"node_3","err":{"message":"no space left on device"},"msg":"cannot write"}';

describe('lastLogSentence', () => {
  it.each([
    ['the message of the last line', `${failure.replace('error', 'warn')}\n${info}\n`, 'block committed'],
    ['an error before later lines', `${failure}\n${info}\n${info}\n`, 'cannot write: no space left on device'],
    ['a plain error of the command line', `${info}\nerror: port 8000 is in use\n`, 'error: port 8000 is in use'],
    ['text that is no JSON', 'Segmentation fault\n', 'Segmentation fault'],
    ['a line cut in half', `{"level":"inf`, '{"level":"inf'],
    ['nothing', '\n', 'the log is empty'],
  ])('gives %s', (_name, log, sentence) => {
    expect(lastLogSentence(log)).toBe(sentence);
  });
});
