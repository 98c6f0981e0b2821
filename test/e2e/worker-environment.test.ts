import { expect } from "bun:test";
import { onEachRuntime } from "../support/each-runtime.ts";
import { startSlave } from "../support/slave.ts";
import { submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";

const TOKEN = "correct-horse-battery-staple";

/** Tells what a task, and a program that it starts, find in their environment. */
const PLUGIN = `
import { spawnSync } from "node:child_process";
export default (task, { log }) => {
  for (const level of ["debug", "info", "warn", "error"]) log[level]("a line of " + level);
  const own = Object.entries(process.env).map(([name, value]) => name + "=" + value);
  return { own, childs: String(spawnSync("env").stdout).trim().split("\\n") };
};
`;

interface Seen {
  own: string[];
  childs: string[];
}

onEachRuntime([
  {
    name: "a task, and what it starts, find neither the slave's token nor options that are ding's own",
    run: async (runtime) => {
      await using folder = await tempFolder();
      const plugin = await folder.write("plugin.mjs", PLUGIN);
      const tokenFile = await folder.write("token", TOKEN);
      for (const given of [undefined, "--smol"]) {
        const secrets = { DING_TOKEN: TOKEN, DING_SLAVE_TOKEN_FILE: tokenFile };
        const env = { ...secrets, BUN_OPTIONS: given };
        await using slave = await startSlave(plugin, [], { runtime, env });
        const { lines } = await submit([1], { slaves: [slave] }, { env: { DING_TOKEN: TOKEN } });
        const seen = lines[0]?.result as Seen;
        for (const variables of Object.values(seen) as string[][]) {
          expect(variables.filter((one) => /TOKEN/.test(one) || one.includes(TOKEN))).toEqual([]);
          const options = variables.filter((one) => one.startsWith("BUN_OPTIONS="));
          expect(options).toEqual(given === undefined ? [] : [`BUN_OPTIONS=${given}`]);
        }
      }
    },
  },
  {
    name: "workers log as much as their slave was told to",
    run: async (runtime) => {
      await using folder = await tempFolder();
      const plugin = await folder.write("plugin.mjs", PLUGIN);
      for (const [level, count] of Object.entries({ debug: 4, warn: 2, silent: 0 })) {
        await using slave = await startSlave(plugin, ["--log-level", level], { runtime });
        expect((await submit([1], { slaves: [slave] })).code).toBe(0);
        await slave.stop();
        expect(slave.stderr.match(/a line of \w+/g) ?? []).toHaveLength(count);
      }
    },
  },
]);
