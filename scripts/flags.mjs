// Flags of the scripts and benches. Plain Node, no dependencies: some of them run before there are any.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * A script's flags, by name. `--help` prints how it is used and ends; a flag it does not know ends it with one line and code 2.
 * @param {string} script its `import.meta.url`: the comment at the top of the file tells how it is used
 * @param {import('node:util').ParseArgsConfig['options']} options as `parseArgs` takes them
 * @param {string} [help] instead of that comment
 */
export function readFlags(script, options, help = topComment(script)) {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', default: false } } });
    if (!values.help) return values;
  } catch (error) {
    console.error(`error: ${error.message}; --help tells the flags`);
    process.exit(2);
  }
  console.log(help);
  process.exit(0);
}

function topComment(script) {
  const lines = readFileSync(fileURLToPath(script), 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return lines
    .slice(0, end)
    .map((line) => line.slice(3))
    .join('\n');
}
