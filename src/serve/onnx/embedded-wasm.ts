// oxlint-disable-next-line typescript/triple-slash-reference -- so that programs that import this library know these types too
/// <reference path="./wasm-file.d.ts" />
import file from "onnxruntime-web/ort-wasm-simd-threaded.wasm" with { type: "file" };

/** Where the one-file binary keeps the ONNX runtime. */
export const embeddedWasm: string = file;
