import { hostService } from '../node/worker/host.ts';
import { runSeed, type SimulationSpec } from './spec.ts';

hostService(async (spec: SimulationSpec) => ({ run: (seed: number) => runSeed(spec, seed) }));
