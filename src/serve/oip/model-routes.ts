import type { ModelFacts } from "../inference.ts";
import type { Asked, OipContext } from "./infer.ts";
import { modelConfig, modelMetadata } from "./metadata.ts";
import { json, MODEL_PATHS, type Routes } from "./mount.ts";
import type { OipServer } from "./server-routes.ts";

/** One model: what it takes and gives, whether it is ready, its configuration, its statistics. */
export function mountModels(
  { get }: Routes,
  { models, faces }: OipContext,
  { statistics }: Pick<OipServer, "statistics">,
): void {
  const factsOf = ({ name, version }: Asked): ModelFacts => models.get(name, version).facts;
  for (const path of MODEL_PATHS) {
    get(path, (asked) => {
      const facts = factsOf(asked);
      return json(modelMetadata(facts, faces.of(facts), models));
    });
    get(`${path}/ready`, (asked) => {
      const { name, state } = factsOf(asked);
      const ready = state === "READY";
      return json({ name, ready }, ready ? 200 : 503);
    });
    get(`${path}/config`, (asked) => {
      const facts = factsOf(asked);
      return json(modelConfig(facts, faces.of(facts)));
    });
    if (statistics)
      get(`${path}/stats`, (asked) => json(statistics(factsOf(asked).name, asked.version)));
  }
}
