import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * Starts a program that writes one line of JSON when it is ready, and one for each line it is sent.
 * `ready` is its first line; `ask` sends a value and gives the answer; `end` closes its input and waits until it is gone.
 * @throws Error with the program's last words when it ends before it answers
 */
export async function startLineProcess(command, args, { env = process.env } = {}) {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    words = (words + text).slice(-2000);
  });
  child.stdin.on('error', () => {}); // The program is gone: the missing answer says so, with its last words.
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  // Heard at once; `end` reports it to whoever waits.
  ended.catch(() => {});

  async function nextLine() {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended (${await ended}): ${words.trim() || 'no message'}`);
    return JSON.parse(value);
  }

  return {
    ready: await nextLine(),
    ask(message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      return nextLine();
    },
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}
