import { askSlave } from "../src/master/submit/ask-slave.ts";
import { command } from "./_command.ts";
import { askOptions, askSlaves, exitCodeOfAsked, printAsked } from "./_master-ask.ts";
import { MASTER_KEYS } from "./_master-tools.ts";
import { statusHead, statusRow, type ShownStatus } from "./_master-status.ts";

/** `ding master status`: what slaves say of themselves. */
export const masterStatus = command(
  {
    name: "master status",
    description: "Show what slaves are doing",
    examples: ["ding master status", "ding master status --slave n[01-99] --json | jq .running"],
    options: askOptions,
    otherKeys: MASTER_KEYS,
  },
  async (options, given) => {
    const asked = await askSlaves(options, given, async (address, reach) => {
      const status = await askSlave(address, { ...reach, method: "GET", path: "/status" });
      return (status ?? {}) as ShownStatus;
    });
    printAsked(asked, options, { head: statusHead, row: statusRow, data: (status) => status });
    return exitCodeOfAsked(asked);
  },
);
