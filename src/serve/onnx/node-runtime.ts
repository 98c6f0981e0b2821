import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { OrtModule } from "./ort.ts";

/** An onnxruntime-node that is installed. */
export interface NodeRuntime {
  readonly folder: string;
  readonly version: string;
}

/**
 * The onnxruntime-node that a module beside the model would get: the first in a node_modules from its folder upwards.
 * Looked for by hand, as Bun's own resolution may install what it does not find.
 */
export function findNodeRuntime(model: string): NodeRuntime | undefined {
  for (let dir = dirname(resolve(model)); ; dir = dirname(dir)) {
    const folder = join(dir, "node_modules/onnxruntime-node");
    const version = versionIn(folder);
    if (version !== undefined) return { folder, version };
    if (dir === dirname(dir)) return undefined;
  }
}

function versionIn(folder: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as object;
    return "version" in manifest ? String(manifest.version) : "";
  } catch {
    return undefined;
  }
}

/** Loads it; throws what its native part says where it does not fit this machine. */
export function loadNodeRuntime({ folder }: NodeRuntime): OrtModule {
  return createRequire(join(folder, "package.json"))(folder) as OrtModule;
}
