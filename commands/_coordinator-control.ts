import { z } from "zod";
import { parseAddress } from "../src/config/address.ts";
import { DingError } from "../src/core/errors.ts";
import type { CoordinatorStatus } from "../src/coordinator/client.ts";
import { WORKER_ROLES } from "../src/coordinator/plugin/worker-verbs.ts";
import { bracketed } from "../src/runtime/url.ts";
import { type Command, command, type Words } from "./_command.ts";
import {
  COORDINATOR_KEYS,
  coordinatorClient,
  type ReachOptions,
  reachOptions,
} from "./_coordinator-reach.ts";
import { statusText } from "./_coordinator-status.ts";

const WORKERS = "Workers";

const askOptions = z.object(reachOptions);

const addOptions = z.object({
  worker: z
    .string()
    .optional()
    .describe("A slave to dial: HOST:PORT")
    .meta({ group: WORKERS, positional: true, placeholder: "HOST:PORT" }),
  role: z
    .enum(WORKER_ROLES)
    .optional()
    .describe("What the worker is; what it says itself if not given, and collector with --local")
    .meta({ group: WORKERS, flagOnly: true }),
  local: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe("Start so many on the coordinator's machine instead")
    .meta({ group: WORKERS, flagOnly: true, placeholder: "N" }),
  ...reachOptions,
});

const oneOptions = z.object({
  worker: z
    .string()
    .describe("The worker's name, as status says it, or its address")
    .meta({ group: WORKERS, positional: true, placeholder: "WORKER" }),
  ...reachOptions,
});

/** `ding coordinator status`: what a run says of itself. */
export const coordinatorStatus: Command = command(
  words("status", "Show how a run is doing", [
    "ding coordinator status",
    "ding coordinator status --json | jq .workers",
  ]),
  async (options, given) => {
    using client = await coordinatorClient(options, given);
    print(options, await client.status());
  },
);

/** `ding coordinator add`: one more worker, or several on the coordinator's machine. */
export const coordinatorAdd: Command = command(
  {
    ...words("add", "Give a run more workers", [
      "ding coordinator add 10.0.0.7:7236 --role collector",
      "ding coordinator add --local 2",
      "ding coordinator add --local 1 --role learner",
    ]),
    options: addOptions,
  },
  async (options, given) => {
    const { worker, role, local } = options;
    if ((worker === undefined) === (local === undefined)) {
      throw new DingError("usage.invalid-option", "Cannot add: name a slave, or --local N", {
        hint: "ding coordinator add 10.0.0.7:7236, or ding coordinator add --local 2",
      });
    }
    using client = await coordinatorClient(options, given);
    if (worker === undefined) {
      return print(options, await client.add({ local: local ?? 1, role: role ?? "collector" }));
    }
    const { host, port = 7236 } = addressOf(worker);
    const address = `${bracketed(host)}:${port}`;
    print(options, await client.add({ address, ...(role && { role }) }));
  },
);

/** `ding coordinator remove`: a worker finishes its episode, and is let go of. */
export const coordinatorRemove: Command = command(
  {
    ...words("remove", "Let a worker finish its episode, and let go of it", [
      "ding coordinator remove local-collector-1",
    ]),
    options: oneOptions,
  },
  async (options, given) => {
    using client = await coordinatorClient(options, given);
    print(options, await client.remove(options.worker));
  },
);

/** `ding coordinator drain`: a worker finishes its episode, and gets no more tasks. */
export const coordinatorDrain: Command = command(
  {
    ...words("drain", "Let a worker finish its episode, and give it no more tasks", [
      "ding coordinator drain local-collector-1",
    ]),
    options: oneOptions,
  },
  async (options, given) => {
    using client = await coordinatorClient(options, given);
    print(options, await client.drain(options.worker));
  },
);

/** `ding coordinator stop`: the state is saved, and the run ends; --resume goes on with it. */
export const coordinatorStop: Command = command(
  words("stop", "Save the state of a run, and end it", ["ding coordinator stop"]),
  async (options, given) => {
    using client = await coordinatorClient(options, given);
    print(options, await client.stop());
  },
);

function words(verb: string, description: string, examples: string[]): Words<typeof askOptions> {
  return {
    name: `coordinator ${verb}`,
    description,
    examples,
    options: askOptions,
    otherKeys: COORDINATOR_KEYS,
  };
}

function addressOf(text: string): ReturnType<typeof parseAddress> {
  try {
    return parseAddress(text);
  } catch (thrown) {
    const why = (thrown as Error).message;
    throw new DingError("usage.invalid-option", `Cannot add "${text}": ${why}`, {
      hint: "Write HOST:PORT, for example n1:7236.",
    });
  }
}

function print(options: ReachOptions, status: CoordinatorStatus): void {
  process.stdout.write(options.json ? `${JSON.stringify(status)}\n` : statusText(status));
}
