import type { TraceOptions } from '../../execution/tracers/tracer.ts';
import { apiError } from '../errors.ts';
import { isGiven, parseBoolean, parseLooseQuantity, parseObject } from './parse.ts';

/** A TraceConfig object; without a tracer's name it is the struct logger's. @throws API_INVALID_REQUEST */
export function parseTraceOptions(value: unknown): TraceOptions {
  const fields = isGiven(value) ? parseObject(value, 'options') : {};
  const config = isGiven(fields.tracerConfig) ? parseObject(fields.tracerConfig, 'tracerConfig') : {};
  const flag = (object: Readonly<Record<string, unknown>>, name: string) => parseBoolean(object[name] ?? undefined, name);
  switch (fields.tracer) {
    case undefined:
    case null:
    case '':
      return {
        tracer: 'structLogger',
        enableMemory: flag(fields, 'enableMemory'),
        disableStack: flag(fields, 'disableStack'),
        disableStorage: flag(fields, 'disableStorage'),
        enableReturnData: flag(fields, 'enableReturnData'),
        limit: isGiven(fields.limit) ? Number(parseLooseQuantity(fields.limit, 'limit')) : 0,
      };
    case 'callTracer':
      return { tracer: 'callTracer', onlyTopCall: flag(config, 'onlyTopCall'), withLog: flag(config, 'withLog') };
    case 'prestateTracer':
      return {
        tracer: 'prestateTracer',
        diffMode: flag(config, 'diffMode'),
        disableCode: flag(config, 'disableCode'),
        disableStorage: flag(config, 'disableStorage'),
      };
    case '4byteTracer':
    case 'noopTracer':
      return { tracer: fields.tracer };
    default:
      throw apiError(
        'API_INVALID_REQUEST',
        `invalid argument tracer: ${JSON.stringify(fields.tracer).slice(0, 80)} is not known; callTracer, prestateTracer, 4byteTracer and noopTracer are`,
      );
  }
}
