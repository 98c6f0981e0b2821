import { expect, test } from "bun:test";
import type { Logger } from "../../../src/core/log.ts";
import { meshOf, type Member } from "./mesh-members.ts";

const MIB = 1024 * 1024;

test("nodes whose tasks have ended take what the others still say: they end together, at once", async () => {
  await using stack = new AsyncDisposableStack();
  const warnings: string[] = [];
  const nothing = (): void => {};
  const warn = (text: string): void => void warnings.push(text);
  const log: Logger = { debug: nothing, info: nothing, warn, error: warn };
  const members = (await meshOf(stack, 2, { log })) as [Member, Member];
  for (const { task } of members) {
    // More than may be on its way to one who does not take it.
    for (let count = 0; count < 4; count++) {
      task.emit("x", [new Uint8Array(6 * MIB)], { onlyRemote: true }).catch(nothing);
    }
    await task.close();
  }
  await Promise.all(members.map(({ node }) => node.close(30_000)));
  expect(warnings).toEqual([]);
});
