import { createLearningService, type LearningServiceOptions } from '../../learning/service.ts';
import { createFileBlobStore } from '../../store/blobs.ts';
import { hostService } from './host.ts';

export interface LearningWorkerData {
  readonly service: LearningServiceOptions;
  readonly blobDirectory: string;
}

hostService((data: LearningWorkerData, log) =>
  createLearningService(data.service, { blobs: createFileBlobStore(data.blobDirectory), log }),
);
