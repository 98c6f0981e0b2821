import { decentralRole } from "./_decentral-role.ts";
import { roleCommand } from "./_role.ts";

/** `ding decentral start`: the same as `ding decentral` with options. */
export const decentralStart = roleCommand({
  ...decentralRole,
  name: "decentral start",
  called: "decentral",
  description: "Start a fleet of units",
});
