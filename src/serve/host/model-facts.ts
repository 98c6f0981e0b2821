import type { ModelFacts } from "../inference.ts";
import type { ModelReport } from "../worker-protocol.ts";
import type { ModelSource } from "./source.ts";

/** What may be told of a model as it is now, from what its workers have said of it; they may have said nothing yet. */
export function modelFacts(
  { name, version }: ModelSource,
  report: ModelReport | undefined,
  { state, reason, batchSize }: Pick<ModelFacts, "state" | "reason" | "batchSize">,
): ModelFacts {
  return {
    name,
    version,
    state,
    reason,
    platform: report?.platform ?? "",
    batchSize: Math.min(batchSize, report?.maxBatchSize ?? Infinity),
    input: report?.input,
    output: report?.output,
    streams: report?.streams ?? false,
    predicts: report?.predicts,
    inputSchema: report?.inputSchema,
    outputSchema: report?.outputSchema,
  };
}
