// Runs a job (job.mjs) in headless Chromium: a server on loopback gives it the page and takes the result.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serveFiles } from './serve.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PAGE = '<!doctype html><meta charset="utf-8"><title>pol-node</title><script type="module" src="/bench/browser/page.mjs"></script>';
const BODY_MAX = 1_000_000;
const KILL_AFTER_MS = 3_000;

/** POL_CHROMIUM, or the first Chromium on the PATH; undefined where there is none. */
export function findChromium(environment = process.env) {
  if (environment.POL_CHROMIUM) return environment.POL_CHROMIUM;
  const folders = (environment.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The job's result; rejects with the page's own error, or after `timeoutMs`. Leaves no process and no file. */
export async function runInChromium(program, job, { timeoutMs }) {
  const profile = await mkdtemp(path.join(tmpdir(), 'pol-chromium-'));
  const result = Promise.withResolvers?.() ?? withResolvers();
  const server = await serveFiles(async (request, response) => {
    if (request.url === '/') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (request.url === '/job') response.setHeader('content-type', 'application/json').end(JSON.stringify(job));
    else if (request.url === '/result' && request.method === 'POST') {
      response.end();
      result.resolve(JSON.parse(await bodyOf(request)));
    } else return false;
    return true;
  });
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    `--user-data-dir=${profile}`,
  ];
  // A process group of its own: the launcher's children end with it.
  const browser = spawn(program, [...flags, server.url], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let log = '';
  browser.stderr.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-2000);
  });
  browser.once('error', result.reject);
  const ended = new Promise((resolve) => browser.once('close', resolve));
  ended.then(() => result.reject(new Error(`${program} ended before the page answered:\n${log}`)));
  const timer = setTimeout(() => result.reject(new Error(`no answer from ${program} in ${timeoutMs} ms:\n${log}`)), timeoutMs);
  try {
    const outcome = await result.promise;
    if (outcome.error !== undefined) throw new Error(`in the tab: ${outcome.error}`);
    return outcome;
  } finally {
    clearTimeout(timer);
    await endGroup(browser, ended);
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function withResolvers() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_MAX) throw new RangeError('the page answered at too great length');
  }
  return text;
}

async function endGroup(browser, ended) {
  if (browser.pid === undefined) return;
  const signal = (name) => {
    try {
      process.kill(-browser.pid, name);
    } catch {
      // It has ended.
    }
  };
  signal('SIGTERM');
  const timer = setTimeout(() => signal('SIGKILL'), KILL_AFTER_MS);
  await ended;
  clearTimeout(timer);
}
