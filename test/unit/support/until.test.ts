import { expect, test } from "bun:test";
import { until } from "../../support/until.ts";

test("until() gives the first truthy value", async () => {
  let looks = 0;
  expect(await until(() => ++looks > 3 && `look ${looks}`, { everyMs: 1 })).toBe("look 4");
});

test("until() rejects by the deadline and names what it waited for", async () => {
  const what = (): string => "the lamp to go on";
  const error: unknown = await until(() => false, { timeoutMs: 5, what }).catch((thrown) => thrown);
  expect(String(error)).toBe("Error: Waited 5 ms in vain for the lamp to go on");
});

test("until() takes a condition that throws for one not met yet, and shows its last error", async () => {
  let looks = 0;
  const second = async (): Promise<boolean> => {
    if (++looks < 2) throw new Error("dark");
    return true;
  };
  expect(await until(second, { everyMs: 1 })).toBe(true);
  const always = (): boolean => {
    throw new Error("still dark");
  };
  expect(until(always, { timeoutMs: 1, what: "light" })).rejects.toThrow("still dark");
});
