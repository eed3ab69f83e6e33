/**
 * Every adversary there is: whose key it holds, and one line for help and tables. Apart from what they do
 * (adversaries/all.ts), so that a command line that only names them need not load it.
 */
export const ADVERSARY_KINDS = {
  interpolator: { role: 'trainer', summary: 'claims the most segments and forges a random number of them, never the last' },
  'least-forger': { role: 'trainer', summary: 'forges only the segments that move the weights least' },
  'wrong-data': { role: 'trainer', summary: 'trains on other data than the beacon assigns' },
  'slow-learner': { role: 'trainer', summary: 'trains with a smaller learning rate' },
  'moment-crafter': { role: 'trainer', summary: 'begins rounds with moments of its own making' },
  'weight-jumper': { role: 'trainer', summary: 'makes one weight huge in its first segment' },
  'update-forger': { role: 'trainer', summary: 'publishes an update that is not its last state’s' },
  'update-copier': { role: 'trainer', summary: 'publishes another trainer’s update as its own' },
  'bit-flip': { role: 'trainer', summary: 'honest, on a machine where one bit flips each round' },
  'self-checker': { role: 'trainer', summary: 'the same, finds the flip itself and takes the proof back' },
  copier: { role: 'trainer', summary: 'puts another trainer’s states under leaves of its own' },
  'root-copier': { role: 'trainer', summary: 'signs another trainer’s root and update' },
  replayer: { role: 'trainer', summary: 'trains once and proves it again each round; repeats everybody’s old operations' },
  'foreign-prover': { role: 'trainer', summary: 'brings proofs made for another chain' },
  'double-prover': { role: 'trainer', summary: 'signs two proofs for one round' },
  sybil: { role: 'trainer', summary: 'one machine that asks for places under 100 addresses' },
  'data-grinder': { role: 'trainer', summary: 'tries 64 addresses for one that gets the first slot' },
  'state-withholder': { role: 'trainer', summary: 'opens nothing to checkers' },
  'selective-server': { role: 'trainer', summary: 'opens its proofs to all authorities but one' },
  'path-forger': { role: 'trainer', summary: 'serves wrong Merkle paths' },
  'slow-server': { role: 'trainer', summary: 'answers checkers as late as it can' },
  flooder: { role: 'trainer', summary: 'floods the network with joins, votes, requests and garbage' },
  'proof-flooder': { role: 'trainer', summary: 'sends a thousand proofs of addresses without stake or place' },
  'lazy-authority': { role: 'authority', summary: 'votes without running anything: makes its digests up' },
  'false-accuser': { role: 'authority', summary: 'calls every segment it is dealt fraudulent' },
  'vote-copier': { role: 'authority', summary: 'copies another’s commitment, and then its vote' },
  'vote-refuser': { role: 'authority', summary: 'makes blocks and judges nothing' },
  'late-committer': { role: 'authority', summary: 'commits to its vote one block late' },
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
