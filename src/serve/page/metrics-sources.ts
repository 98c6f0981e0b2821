import type { ServerFacts } from "./server-facts.ts";
import type { ServeStatistics } from "./statistics.ts";

/** What the metrics of a server are read from. */
export interface MetricsSources {
  readonly statistics: ServeStatistics;
  readonly facts: () => ServerFacts;
}
