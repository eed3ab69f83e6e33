import { readFileSync } from 'node:fs';

/** From package.json, which lies two folders above both src/node and dist/node. */
export const VERSION = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
