import { errorDomain } from '../primitives/errors.ts';

export const apiError = errorDomain({
  API_INVALID_REQUEST: { explanation: 'A field of the request is missing or malformed.', http: 400, jsonRpc: -32602 },
  API_NOT_FOUND: { explanation: 'There is no such path, block, transaction or model.', http: 404, jsonRpc: -32000 },
  API_METHOD_NOT_FOUND: { explanation: 'The JSON-RPC method does not exist.', http: 404, jsonRpc: -32601 },
  API_PARSE: { explanation: 'The body is not JSON.', http: 400, jsonRpc: -32700 },
  API_INVALID_JSONRPC: { explanation: 'The JSON is not a JSON-RPC 2.0 request.', http: 400, jsonRpc: -32600 },
  API_FORBIDDEN: {
    explanation: 'The call spends the node’s coins, and it came from a web page or to an API that listens beyond loopback.',
    http: 403,
    jsonRpc: -32000,
  },
  API_HOST: { explanation: 'The API listens on loopback, and the request names another host.', http: 403, jsonRpc: -32000 },
  API_FILTER_NOT_FOUND: { explanation: 'No such filter: it was uninstalled, or nobody asked for it in time.', http: 404, jsonRpc: -32000 },
  API_NO_NOTIFICATIONS: { explanation: 'Subscriptions need a WebSocket.', http: 400, jsonRpc: -32001 },
  API_RESPONSE_TOO_LARGE: { explanation: 'The answers of a batch are longer than they may be.', http: 400, jsonRpc: -32003 },
  API_LIMIT: { explanation: 'A limit of the API is reached.', http: 429, jsonRpc: -32005 },
  API_CANCELLED: { explanation: 'The client went away before the answer was complete.', http: 499 },
  API_PORT_IN_USE: { explanation: 'Another program listens on the API port.' },
  API_UNAUTHORISED: { explanation: 'The API asks for a key, and the request has none that is known.', http: 401 },
  API_QUOTA: { explanation: 'The key’s quota of requests or tokens is used up.', http: 429 },
  API_KEYS_INVALID: { explanation: 'The file of API keys does not parse.' },
  API_CONTEXT_LENGTH: { explanation: 'The prompt does not fit the model’s context.', http: 400, jsonRpc: -32602 },
});
