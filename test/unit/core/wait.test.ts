import { expect, test } from "bun:test";
import { abortable } from "../../../src/core/wait.ts";
import { thrownBy } from "../../support/interaction.ts";

test("abortable() with a signal that has aborted already watches over what it leaves behind", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  try {
    const left = Promise.withResolvers<void>();
    const waited = thrownBy(abortable(left.promise, AbortSignal.abort(new Error("enough"))));
    expect((await waited).message).toBe("enough");
    left.reject(new Error("nobody waits"));
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", onUnhandled);
  }
});
