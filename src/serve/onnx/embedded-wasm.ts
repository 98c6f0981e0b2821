import file from "onnxruntime-web/ort-wasm-simd-threaded.wasm" with { type: "file" };

/** Where the one-file binary keeps the ONNX runtime. */
export const embeddedWasm: string = file;
