/**
 * Every adversary there is: whose key it holds, and one line for help and tables. Apart from what they do
 * (adversaries/all.ts), so that a command line that only names them need not load it.
 */
export const ADVERSARY_KINDS = {
  interpolator: { role: 'trainer', summary: 'claims the most segments and forges a random number of them, never the last' },
  'wrong-data': { role: 'trainer', summary: 'trains on other data than the beacon assigns' },
  copier: { role: 'trainer', summary: 'puts another trainer’s states under leaves of its own' },
  replayer: { role: 'trainer', summary: 'trains once and proves it again each round; repeats everybody’s old operations' },
  sybil: { role: 'trainer', summary: 'one machine that asks for places under 100 addresses' },
  'data-grinder': { role: 'trainer', summary: 'tries 64 addresses for one that gets the first slot' },
  'state-withholder': { role: 'trainer', summary: 'serves neither openings nor states to checkers' },
  'selective-server': { role: 'trainer', summary: 'opens its proofs to all authorities but one' },
  flooder: { role: 'trainer', summary: 'floods the network with joins, votes, requests and garbage' },
  'lazy-authority': { role: 'authority', summary: 'votes without running anything: copies the first vote it sees' },
  'false-accuser': { role: 'authority', summary: 'calls every proof fraudulent' },
  'preimage-withholder': { role: 'authority', summary: 'reveals no preimage' },
  equivocator: { role: 'authority', summary: 'proposes two blocks at once, each to one half of the network' },
  'double-voter': { role: 'authority', summary: 'votes for every block and for nil, and proposes two blocks' },
  silent: { role: 'authority', summary: 'says nothing, ever' },
} as const satisfies Record<string, { readonly role: 'trainer' | 'authority'; readonly summary: string }>;

export type AdversaryKind = keyof typeof ADVERSARY_KINDS;

export function isAdversaryKind(name: string): name is AdversaryKind {
  return Object.hasOwn(ADVERSARY_KINDS, name);
}

export function roleOfKind(kind: AdversaryKind): 'trainer' | 'authority' {
  return ADVERSARY_KINDS[kind].role;
}
