import { test } from "bun:test";
import { RUNTIMES, type Runtime } from "./runtimes.ts";

/** One thing that users do, and the runtimes on which it cannot be done, with the reason. */
export interface RuntimeRow {
  name: string;
  run: (runtime: Runtime) => Promise<void>;
  omit?: Partial<Record<Runtime, string>>;
}

/** A test of each row on each runtime; what is left out is printed with its reason. */
export function onEachRuntime(rows: readonly RuntimeRow[]): void {
  for (const runtime of RUNTIMES) {
    for (const { name, run, omit } of rows) {
      const reason = omit?.[runtime];
      if (reason === undefined) test(`${runtime}: ${name}`, () => run(runtime));
      else console.log(`Omitted on ${runtime}: ${name}: ${reason}`);
    }
  }
}
