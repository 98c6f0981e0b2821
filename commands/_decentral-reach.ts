import { z } from "zod";
import { listenOptions, portOption } from "../src/config/listen.ts";
import { fieldsOf } from "../src/config/option-field.ts";
import { LONGEST_TIMER_MS } from "../src/core/clock.ts";
import { FleetClient } from "../src/decentral/client.ts";
import { DEFAULT_DECENTRAL_PORT, decentralOptions } from "../src/decentral/options.ts";
import type { Given } from "./_command.ts";
import { roleAddress } from "./_role-address.ts";

const NETWORK = "Network";

/** Keys of the section "decentral" that the fleet reads; the other commands let them stand. */
export const DECENTRAL_KEYS: string[] = fieldsOf("decentral", decentralOptions)
  .filter((field) => !field.flagOnly)
  .map((field) => field.key);

/** The options of the commands that ask a running fleet. */
export const reachOptions = {
  host: listenOptions.host
    .describe("Where the fleet listens")
    .meta({ group: NETWORK, placeholder: "HOST", aliases: ["ip"] }),
  port: portOption(DEFAULT_DECENTRAL_PORT)
    .describe("The fleet's port")
    .meta({ group: NETWORK, aliases: ["http-port"] }),
  portOut: decentralOptions.shape.portOut,
  timeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .optional()
    .describe("How long it may take; as long as it takes if not given")
    .meta({ group: NETWORK, aliases: ["timeout"], flagOnly: true }),
  tokenFile: listenOptions.tokenFile.describe(
    "File with the token to show to the fleet; DING_TOKEN may hold the token instead",
  ),
  tlsCa: listenOptions.tlsCa.describe(
    "Certificates to trust, as PEM; with it the fleet is reached by TLS",
  ),
  json: listenOptions.json,
  logLevel: listenOptions.logLevel,
};

/** What such a command was given. */
export type ReachOptions = z.output<z.ZodObject<typeof reachOptions>>;

/** A client of the fleet that the options name; nothing is asked yet. */
export async function fleetClient(
  options: ReachOptions,
  given: Given,
  signal?: AbortSignal,
): Promise<FleetClient> {
  const { timeoutMs } = options;
  return new FleetClient({ ...(await roleAddress(options, given)), timeoutMs, signal });
}
