import { z } from "zod";
import { DingError } from "../src/core/errors.ts";
import type { FleetClient, FleetStatus } from "../src/decentral/client.ts";
import { groupFields } from "../src/decentral/options.ts";
import { remoteServers } from "../src/decentral/remote-servers.ts";
import { readServerFile } from "../src/decentral/server-file.ts";
import { type Command, command, type Given, type Words } from "./_command.ts";
import { statusText } from "./_decentral-status.ts";
import {
  DECENTRAL_KEYS,
  fleetClient,
  reachOptions,
  type ReachOptions,
} from "./_decentral-reach.ts";
import { showProgress } from "./_progress.ts";
import { listenForStop, SIGNAL_EXIT_CODES } from "./_signals.ts";

const askOptions = z.object(reachOptions).meta({ singleDash: true });

const switchOptions = z
  .object({
    numClient: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .describe("How many units call each remote server; as it is if 0 or not given")
      .meta({ group: "Units", flagOnly: true }),
    remoteServers: groupFields.remoteServers
      .unwrap()
      .optional()
      .describe(
        "The servers from now on, as `ding decentral start` takes them; as they are if not given",
      )
      .meta({ group: "Units", brackets: true, placeholder: "LIST", flagOnly: true }),
    ...reachOptions,
  })
  .meta({ singleDash: true });

const LOOK_EVERY_MS = 500;
const EXIT_INTERRUPTED = 130;

/** `ding decentral status`: what a running fleet says of itself. */
export const decentralStatus = command(
  words("status", "Show what a running fleet is doing", [
    "ding decentral status",
    "ding decentral status --json | jq .jobs",
  ]),
  async (options, given) => {
    using client = await fleetClient(options, given);
    const status = await client.status();
    process.stdout.write(options.json ? `${JSON.stringify(status)}\n` : statusText(status));
  },
);

/** `ding decentral switch`: other servers, another number of units. */
export const decentralSwitch = command(
  {
    ...words("switch", "Give a running fleet other servers, or another number of units", [
      "ding decentral switch --remote-servers n3:8900,n4:8900",
      "ding decentral switch --num-client 48",
    ]),
    options: switchOptions,
  },
  async (options, given) => {
    const { numClient, remoteServers: entries } = options;
    if (numClient === undefined && entries === undefined) {
      throw new DingError("usage.invalid-option", "Cannot switch: nothing to switch to", {
        hint: "Pass --remote-servers LIST, --num-client N, or both.",
      });
    }
    // Read here: a file's name means a file of this machine.
    const servers = entries && remoteServers(entries, readServerFile);
    const list = servers?.map(({ ip, port, portOut }) => [ip, port, portOut ?? port]);
    return await change(options, given, (client) =>
      client.switchTo({ numClient, remoteServers: list }),
    );
  },
);

/** `ding decentral idle`: units finish what they do, and take no more. */
export const decentralIdle = changing(
  "idle",
  "Let the units finish what they do, and take no more",
);

/** `ding decentral restart`: new units, with the plugin as it is now. */
export const decentralRestart = changing(
  "restart",
  "Let the units finish, and begin new ones with the plugin as it is now",
);

/** `ding decentral terminate`: the units finish what they do, and the fleet ends. */
export const decentralTerminate = changing(
  "terminate",
  "Let the units finish what they do, and end the fleet",
);

function words(verb: string, description: string, examples: string[]): Words<typeof askOptions> {
  return {
    name: `decentral ${verb}`,
    description,
    examples,
    options: askOptions,
    otherKeys: DECENTRAL_KEYS,
  };
}

function changing(verb: "idle" | "restart" | "terminate", description: string): Command {
  const examples = [`ding decentral ${verb}`, `ding decentral ${verb} --port 7331 --json`];
  return command(words(verb, description, examples), (options, given) =>
    change(options, given, (client) => client[verb]()),
  );
}

/** Asks for a change, shows how far it is, and what came of it. */
async function change(
  options: ReachOptions,
  given: Given,
  ask: (client: FleetClient) => Promise<FleetStatus>,
): Promise<number> {
  using stop = listenForStop();
  using client = await fleetClient(options, given, stop.signal);
  using progress = showProgress(process.stderr);
  let isOver = false;
  const look = async (): Promise<void> => {
    const { unitStates } = await client.status();
    const { off: done = 0, ...states } = unitStates as Record<string, number>;
    const atWork = Object.values(states).reduce((sum, count) => sum + count, 0);
    if (isOver) return;
    const note = `${states["busy"] ?? 0} units at work, ${atWork} there`;
    progress.update({ total: undefined, done, failed: 0, note });
  };
  // What it shows is a courtesy: one that does not answer it is busy with the change.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS);
  try {
    const status = await ask(client);
    isOver = true;
    progress[Symbol.dispose]();
    process.stdout.write(options.json ? `${JSON.stringify(status)}\n` : statusText(status));
    return 0;
  } catch (thrown) {
    if (!stop.signal.aborted) throw thrown;
    return SIGNAL_EXIT_CODES[await stop.asked] ?? EXIT_INTERRUPTED;
  } finally {
    isOver = true;
    clearInterval(timer);
  }
}
