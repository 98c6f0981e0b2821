import { test } from "bun:test";
import { skipNote } from "../../scripts/skips.ts";

/** `test` if nothing is `missing`; else a test that is skipped, with what it needs in its name. */
export function testNeeding(missing: string | undefined): typeof test {
  if (missing === undefined) return test;
  const skipped = (name: string, ...rest: [() => void]): void =>
    test.skip(`${name} ${skipNote(missing)}`, ...rest);
  return skipped as typeof test;
}
