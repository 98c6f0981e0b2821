import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { findNodeRuntime, loadNodeRuntime, type NodeRuntime } from "./node-runtime.ts";
import type { OrtModule, OrtSessionOptions } from "./ort.ts";
import { runtimeWords } from "./runtime-words.ts";
import { OnnxSession } from "./session.ts";
import { openInWasm } from "./wasm-runtime.ts";

/** How a model is opened. */
export interface OpenOptions {
  /** Undefined for the CPU; else what must run it: onnxruntime-node's execution providers. */
  readonly gpuProviders: OrtSessionOptions["executionProviders"] | undefined;
  /** Threads of one run in onnxruntime-node. */
  readonly threads: number;
  readonly log: Logger;
}

/**
 * Opens a model with the onnxruntime-node beside it, else with the wasm in this program; a GPU needs the first.
 * Rejects with plugin.invalid when the model cannot be loaded, or not on its device.
 */
export async function openSession(file: string, options: OpenOptions): Promise<OnnxSession> {
  const found = findNodeRuntime(file);
  const node = found && loaded(found, options);
  if (!node && options.gpuProviders) throw needsNode(file);
  try {
    if (!node || !found) {
      const { session, runtime } = await openInWasm(file);
      return new OnnxSession(session, runtime);
    }
    const session = await node.InferenceSession.create(file, {
      executionProviders: options.gpuProviders ?? ["cpu"],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    return new OnnxSession(session, `onnxruntime-node ${found.version}`);
  } catch (thrown) {
    throw invalidModel(file, thrown, options);
  }
}

/** An onnxruntime-node that does not load here (another C library, another processor) is as good as none on a CPU. */
function loaded(found: NodeRuntime, { gpuProviders, log }: OpenOptions): OrtModule | undefined {
  try {
    return loadNodeRuntime(found);
  } catch (thrown) {
    const why = messageOf(thrown);
    if (gpuProviders) {
      throw new DingError("plugin.invalid", `Cannot load ${found.folder}: ${why}`, {
        cause: thrown,
        hint: "Install an onnxruntime-node that fits this machine.",
      });
    }
    log.warn("onnxruntime-node does not load here: the slower wasm serves", { why });
    return undefined;
  }
}

function needsNode(file: string): DingError {
  const message = `Cannot run "${file}" on a GPU: the runtime in this program knows only the CPU`;
  return new DingError("plugin.invalid", message, {
    hint: "Install onnxruntime-node beside the model, or use --device-map -1.",
  });
}

function invalidModel(file: string, thrown: unknown, { gpuProviders }: OpenOptions): DingError {
  if (thrown instanceof DingError) return thrown;
  const why = runtimeWords(thrown);
  return new DingError("plugin.invalid", `Cannot load model "${file}": ${why}`, {
    cause: thrown,
    details: { path: file },
    hint: gpuProviders
      ? "See that onnxruntime-node has its CUDA libraries, or use --device-map -1."
      : "See that the file is a whole ONNX model.",
  });
}
