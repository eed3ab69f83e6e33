// node examples/browser/serve.mjs [PORT]   (after npm run build): the page on this machine, until Ctrl-C.
import { serveFiles } from '../../bench/browser/serve.mjs';

const server = await serveFiles(undefined, Number(process.argv[2] ?? 8000));
console.log(`${server.url}examples/browser/index.html`);
