import { z } from "zod";
import { listenOptions, portOption } from "../src/config/listen.ts";
import { fieldsOf } from "../src/config/option-field.ts";
import { CoordinatorClient } from "../src/coordinator/client.ts";
import { coordinatorOptions, DEFAULT_COORDINATOR_PORT } from "../src/coordinator/options.ts";
import { LONGEST_TIMER_MS } from "../src/core/clock.ts";
import type { Given } from "./_command.ts";
import { roleAddress } from "./_role-address.ts";

const NETWORK = "Network";

/** Keys of the section "coordinator" that a run reads; the other commands let them stand. */
export const COORDINATOR_KEYS: string[] = fieldsOf("coordinator", coordinatorOptions)
  .filter((field) => !field.flagOnly)
  .map((field) => field.key);

/** The options of the commands that ask a running coordinator. */
export const reachOptions = {
  host: listenOptions.host
    .describe("Where the coordinator listens")
    .meta({ group: NETWORK, placeholder: "HOST" }),
  port: portOption(DEFAULT_COORDINATOR_PORT).describe("The coordinator's port"),
  timeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(10_000)
    .describe("How long the answer may take")
    .meta({ group: NETWORK, flagOnly: true }),
  tokenFile: listenOptions.tokenFile.describe(
    "File with the token to show to the coordinator; DING_TOKEN may hold the token instead",
  ),
  tlsCa: listenOptions.tlsCa.describe(
    "Certificates to trust, as PEM; with it the coordinator is reached by TLS",
  ),
  json: listenOptions.json,
  logLevel: listenOptions.logLevel,
};

/** What such a command was given. */
export type ReachOptions = z.output<z.ZodObject<typeof reachOptions>>;

/** A client of the coordinator that the options name; nothing is asked yet. */
export async function coordinatorClient(
  options: ReachOptions,
  given: Given,
): Promise<CoordinatorClient> {
  const { timeoutMs } = options;
  return new CoordinatorClient({ ...(await roleAddress(options, given)), timeoutMs });
}
