import { expect, test } from "bun:test";
import { runInHalves, type Outcome } from "../../../../src/serve/worker/halves.ts";

/** Runs items of which some are bad; says what became of each, and how often it was run. */
async function halve(
  count: number,
  bad: readonly number[],
  isHopeless = (_thrown: unknown): boolean => false,
): Promise<{ told: string[]; runs: number }> {
  let runs = 0;
  const outcomes: Outcome<number>[] = await runInHalves(
    count,
    async (from, to) => {
      runs += 1;
      const here = bad.filter((index) => index >= from && index < to);
      if (here.length > 0) throw new Error(`bad ${here.join()}`);
      return Array.from({ length: to - from }, (_, index) => from + index);
    },
    { isHopeless },
  );
  const told = outcomes.map((outcome) =>
    "value" in outcome ? `${outcome.value}` : (outcome.thrown as Error).message,
  );
  return { told, runs };
}

const good = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

test("runInHalves() runs a batch once when all is well", async () => {
  expect(await halve(8, [])).toEqual({ told: good(8), runs: 1 });
});

test("runInHalves() lets each bad item fail alone, wherever they are", async () => {
  for (const count of [1, 2, 3, 7, 8, 16, 33]) {
    for (let seed = 0; seed < 12; seed++) {
      const bad = [...new Set([seed % count, (seed * 7 + 3) % count])].sort((a, b) => a - b);
      const { told, runs } = await halve(count, bad);
      const expected = good(count).map((one, index) =>
        bad.includes(index) ? `bad ${index}` : one,
      );
      expect(told).toEqual(expected);
      expect(runs).toBeLessThanOrEqual(2 * count - 1);
    }
  }
  expect((await halve(32, [20])).runs).toBe(11);
});

test("runInHalves() finds the one good item of up to sixteen", async () => {
  for (const count of [4, 16]) {
    for (let one = 0; one < count; one++) {
      const bad = Array.from({ length: count }, (_, index) => index).filter(
        (index) => index !== one,
      );
      expect((await halve(count, bad)).told[one]).toBe(`${one}`);
    }
  }
});

test("runInHalves() gives up when nothing at all succeeds, however large the batch is", async () => {
  for (const count of [2, 16, 64, 1_000]) {
    const all = Array.from({ length: count }, (_, index) => index);
    const { told, runs } = await halve(count, all);
    expect(told.every((one) => one.startsWith("bad"))).toBe(true);
    expect(told[0]).toBe("bad 0");
    expect(runs).toBeLessThanOrEqual(31);
  }
});

test("runInHalves() tries nothing again that is no item's fault", async () => {
  expect(await halve(8, [3], () => true)).toEqual({
    told: Array.from({ length: 8 }, () => "bad 3"),
    runs: 1,
  });
});
