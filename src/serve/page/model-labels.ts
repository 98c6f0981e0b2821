import type { Labels } from "../../telemetry/exposition.ts";

/** The labels of a model's metrics, as Triton has them. */
export function labelsOf({ name, version }: { name: string; version: string }): Labels {
  return { model: name, version };
}
