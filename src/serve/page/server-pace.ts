import { Recent } from "../../telemetry/recent.ts";
import { Pace } from "./pace.ts";

/** The last thousand of everything that the ancestor's status tells, over all models. */
export class ServerPace {
  readonly arrivals = new Pace();
  readonly endings = new Pace();
  readonly latencyMs = new Recent();
  readonly inBytes = new Recent();
  readonly outBytes = new Recent();
  readonly batchRows = new Recent();
  /** Per row. */
  readonly predictMs = new Recent();
  /** The most requests that were open at a time. */
  mostOpen = 0;
  open = 0;
}
