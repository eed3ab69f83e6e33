import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../../chain/view.ts';
import { accountTransactions, balance } from './accounts.ts';
import { authorities } from './authorities.ts';
import { block } from './block.ts';
import { lineage } from './lineage.ts';
import { servedModel, servedWeights, settledModel, tokenizerFiles } from './model.ts';
import { networkInfo } from './network-info.ts';
import { peers } from './peers.ts';
import { roundReward } from './reward.ts';
import { round } from './round.ts';
import { stake } from './stake.ts';
import { status } from './status.ts';
import { supply } from './supply.ts';
import { trainingStatus } from './training-status.ts';

/** `/api/v1/…`: every path of the REST API, one line each. */
export function registerRest(app: FastifyInstance, view: NodeView): void {
  app.get('/api/v1/status', () => status(view));
  app.get('/api/v1/network/info', () => networkInfo(view));
  app.get('/api/v1/training/status', () => trainingStatus(view));
  app.get('/api/v1/peers', () => peers(view));
  app.get('/api/v1/supply', () => supply(view));
  app.get<{ Params: { address: string } }>('/api/v1/balance/:address', ({ params }) => balance(view, params.address));
  app.get<{ Params: { address: string } }>('/api/v1/transactions/:address', ({ params }) => accountTransactions(view, params.address));
  app.get<{ Params: { number: string } }>('/api/v1/block/:number', ({ params }) => block(view, params.number));
  app.get<{ Params: { round: string } }>('/api/v1/rounds/:round', ({ params }) => round(view, params.round));
  app.get<{ Params: { round: string; address: string } }>('/api/v1/rounds/:round/rewards/:address', ({ params }) =>
    roundReward(view, params.round, params.address),
  );
  app.get('/api/v1/genesis', () => view.identity.genesis);
  app.get('/api/v1/tokenizer', () => tokenizerFiles(view));
  app.get('/api/v1/models/settled', () => settledModel(view));
  app.get<{ Params: { root: string } }>('/api/v1/models/:root', ({ params }) => servedModel(view, params.root));
  app.get<{ Params: { root: string } }>('/api/v1/models/:root/weights', ({ params }, reply) => servedWeights(view, params.root, reply));
  app.get<{ Params: { address: string } }>('/api/v1/stakes/:address', ({ params }) => stake(view, params.address));
  app.get<{ Querystring: { round?: string } }>('/api/v1/lineage', ({ query }) => lineage(view, query.round));
  app.get('/api/v1/authorities', () => authorities(view));
  app.get('/health', () => ({ status: 'ok' }));
}
