import { hostService } from '../node/worker/host.ts';
import { runSeed, type ScenarioSpec } from './spec.ts';

hostService(async (spec: ScenarioSpec) => ({ run: (seed: number) => runSeed(spec, seed) }));
