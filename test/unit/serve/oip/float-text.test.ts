import { describe, expect, test } from "bun:test";
import { shortFloat } from "../../../../src/serve/oip/float-text.ts";
import { Chance } from "../../../support/chance.ts";

const { fround } = Math;

describe("shortFloat()", () => {
  test.each([0.1, 0.3, 1.5, -2.7, 123.456, 99999.9, 0.001, 0, 1e-20, 3e38])(
    "shortens %p",
    (value) => {
      const short = shortFloat(fround(value));
      expect(fround(short)).toBe(fround(value));
      const isInRange = Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6;
      expect(short).toBe(isInRange ? value : fround(value));
    },
  );

  test("keeps every FP32", () => {
    const chance = new Chance(7);
    const bits = new Uint32Array(1);
    const float = new Float32Array(bits.buffer);
    for (let round = 0; round < 200_000; round++) {
      bits[0] = chance.integer(0, 2 ** 32 - 1);
      const value = float[0] as number;
      if (!Object.is(fround(shortFloat(value)), value)) throw new Error(`Lost ${value}`);
    }
    const size = (): number => 10 ** chance.integer(-4, 7) * (chance.next() - 0.5);
    for (let round = 0; round < 200_000; round++) {
      const value = fround(size());
      if (!Object.is(fround(shortFloat(value)), value)) throw new Error(`Lost ${value}`);
    }
    expect(Object.is(shortFloat(-0), -0)).toBe(true);
  });
});
