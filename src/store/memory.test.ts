import { createMemoryStore } from './memory.ts';
import { describeKeyValueStore } from './store.compliance.ts';

describeKeyValueStore('the memory store', async () => ({ store: createMemoryStore(), remove: async () => {} }));
