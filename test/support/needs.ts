import { test } from "bun:test";
import { skipNote } from "../../scripts/skips.ts";

/** `test` if nothing is `missing`; else a test that is skipped, with what it needs in its name. */
export function testNeeding(missing: string | undefined): typeof test {
  if (missing === undefined) return test;
  // Only where a service or a package cannot be had: CI takes each such skip as a failure, but for those of `scripts/skips.ts`.
  const skipped = (name: string, ...rest: [() => void]): void =>
    test.skip(`${name} ${skipNote(missing)}`, ...rest);
  return skipped as typeof test;
}
