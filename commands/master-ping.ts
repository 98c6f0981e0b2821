import { pingSlave } from "../src/master/submit/ping-slave.ts";
import { command } from "./_command.ts";
import { askOptions, askSlaves, exitCodeOfAsked, printAsked } from "./_master-ask.ts";
import { MASTER_KEYS } from "./_master-tools.ts";

/** `ding master ping`: are the slaves there? */
export const masterPing = command(
  {
    name: "master ping",
    description: "Ask slaves whether they are alive, and how long the way is",
    examples: ["ding master ping", "ding master ping --slave n[01-99]"],
    options: askOptions,
    otherKeys: MASTER_KEYS,
  },
  async (options, given) => {
    const asked = await askSlaves(options, given, pingSlave);
    printAsked(asked, options, {
      row: ({ ms, role = "", channel, version = "" }) => [
        "alive",
        role === "" ? "does not say what it is" : role,
        channel === undefined ? "" : `channel ${channel}`,
        version,
        `${ms} ms`,
      ],
      data: (pong) => ({ alive: true, ...pong }),
    });
    return exitCodeOfAsked(asked);
  },
);
