import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isCompiled } from "../../runtime/self.ts";
import type { OrtSession } from "./ort.ts";

/** Opens a model with the ONNX runtime in this program: WebAssembly, one thread, on the CPU. */
export async function openInWasm(file: string): Promise<{ session: OrtSession; runtime: string }> {
  const { InferenceSession, env } = await import("onnxruntime-web/wasm");
  env.logLevel = "error";
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = await readFile(await wasmFile());
  const model = await readFile(file);
  try {
    const session = await InferenceSession.create(model, {
      executionProviders: ["wasm"],
      logSeverityLevel: 3,
      externalData: await externalData(file),
    });
    // Its types want Tensor objects, of which it reads no more than an OrtTensor has.
    return {
      session: session as unknown as OrtSession,
      runtime: `onnxruntime-web ${env.versions.web} (wasm)`,
    };
  } finally {
    // It has been compiled, and takes 14 MB.
    delete env.wasm.wasmBinary;
  }
}

async function wasmFile(): Promise<string> {
  if (isCompiled()) return (await import("./embedded-wasm.ts")).embeddedWasm;
  return fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
}

/** Weights beside a large model, under the names that exporters give them. */
async function externalData(file: string): Promise<{ path: string; data: Uint8Array }[]> {
  const name = basename(file);
  const names = [`${name}.data`, `${name}_data`, `${basename(name, ".onnx")}.data`, "weights.pb"];
  const found = names.filter((each) => existsSync(join(dirname(file), each)));
  return await Promise.all(
    found.map(async (path) => ({ path, data: await readFile(join(dirname(file), path)) })),
  );
}
