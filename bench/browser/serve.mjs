// A server on loopback for what a page of this package needs: dist/, the WebAssembly kernels, and the pages themselves.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const SERVED = /^\/(dist|kernels|bench\/browser|examples\/browser)\/[\w./-]+$/;
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** @param answer sees a request first and returns true when it answered; default: never */
export async function serveFiles(answer = async () => false, port = 0) {
  const server = createServer(async (request, response) => {
    try {
      if (!(await answer(request, response))) await sendFile(request.url, response);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

async function sendFile(url, response) {
  const { pathname } = new URL(url, 'http://localhost');
  const type = TYPES[path.extname(pathname)];
  if (!SERVED.test(pathname) || type === undefined) return void response.writeHead(404).end();
  try {
    const bytes = await readFile(path.join(root, pathname));
    response.setHeader('content-type', type).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}
