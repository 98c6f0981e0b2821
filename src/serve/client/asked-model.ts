import type { ModelFacts } from "../inference.ts";
import { compareVersions } from "../version-order.ts";

/** What a client says of the model that it asks. */
export interface AskedModel {
  readonly model: string | undefined;
  readonly version: string | undefined;
}

/** Which of a server's models that is, as the server chooses it: the version that is named, else the greatest that is ready. */
export function askedModel(
  models: readonly ModelFacts[],
  { model, version }: AskedModel,
): ModelFacts | undefined {
  const [name = models[0]?.name, ofName] = model?.split("@") ?? [];
  const wanted = version ?? ofName;
  return models
    .filter((one) => one.name === name && (wanted === undefined || one.version === wanted))
    .toSorted(
      (one, other) =>
        readiness(other) - readiness(one) || compareVersions(other.version, one.version),
    )[0];
}

function readiness({ state }: ModelFacts): number {
  return state === "READY" ? 1 : 0;
}
