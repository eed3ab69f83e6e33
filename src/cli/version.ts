import { readFileSync } from 'node:fs';

/** This program's version, from package.json two folders up (the same from src/ and from dist/). */
export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return String(version ?? 'unknown');
}
