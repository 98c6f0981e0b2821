import { describe, expect, test } from "bun:test";
import { Gate } from "../../../src/decentral/gate.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const { signal } = new AbortController();

/** Enters, and notes when it is inside. */
function enter(gate: Gate, isAlone: boolean): { leave: (() => void) | undefined } {
  const place: { leave: (() => void) | undefined } = { leave: undefined };
  void gate.enter(isAlone, signal).then((leave) => (place.leave = leave));
  return place;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Gate", () => {
  test("lets any number in together, and one that goes alone only when it is empty", async () => {
    const gate = new Gate();
    const [first, second, alone, third] = [false, false, true, false].map((is) => enter(gate, is));
    await settled();
    expect([first, second, alone, third].map((place) => Boolean(place?.leave))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    first?.leave?.();
    await settled();
    expect(alone?.leave).toBeUndefined();
    second?.leave?.();
    await settled();
    expect([alone, third].map((place) => Boolean(place?.leave))).toEqual([true, false]);
    alone?.leave?.();
    await settled();
    expect(third?.leave).toBeDefined();
  });

  test("forgets who does not wait any more", async () => {
    const gate = new Gate();
    const inside = enter(gate, false);
    const abort = new AbortController();
    const alone = thrownBy(gate.enter(true, abort.signal));
    const behind = enter(gate, false);
    await settled();
    expect([Boolean(inside.leave), Boolean(behind.leave)]).toEqual([true, false]);
    abort.abort(new Error("too late"));
    expect(await alone).toMatchObject({ message: "too late" });
    await settled();
    expect(behind.leave).toBeDefined();
  });

  test("lets nobody in whose signal has aborted before", async () => {
    const gone = AbortSignal.abort(new Error("gone"));
    expect(await thrownBy(new Gate().enter(false, gone))).toMatchObject({ message: "gone" });
  });
});
