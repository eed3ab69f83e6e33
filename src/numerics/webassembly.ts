/** The part of the WebAssembly JavaScript interface used here; neither Node's types nor ES2023's declare it. */
export type WasmModule = object;

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WasmApi {
  readonly Memory: new (limits: { readonly initial: number }) => WasmMemory;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object };
  compile(bytes: Uint8Array): Promise<WasmModule>;
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
