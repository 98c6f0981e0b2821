import { existsSync } from "node:fs";
import { join } from "node:path";

/** The folder of this repository. */
export const ROOT = join(import.meta.dir, "../..");

/** The ways in which users run ding. */
export const RUNTIMES = ["binary", "bun", "deno"] as const;
export type Runtime = (typeof RUNTIMES)[number];

const PROGRAM = join(ROOT, "commands/main.ts");

/** The command line that runs ding in that way, without its arguments. */
export function commandOf(runtime: Runtime): [string, ...string[]] {
  switch (runtime) {
    case "binary":
      return [need(binaryPath(), "npm run build")];
    case "bun":
      return [need(join(ROOT, "node_modules/.bin/bun"), "npm ci"), PROGRAM];
    case "deno":
      // Not `.bin/deno`: where install scripts are blocked that is a wrapper which keeps signals to itself.
      return [need(join(ROOT, "node_modules/deno/deno"), "npm ci"), "run", "-A", PROGRAM];
  }
}

/** Where `npm run build` puts the program. */
export function binaryPath(): string {
  return join(ROOT, "dist/ding");
}

function need(path: string, remedy: string): string {
  if (!existsSync(path)) throw new Error(`Cannot run "${path}": no such file; run \`${remedy}\``);
  return path;
}
