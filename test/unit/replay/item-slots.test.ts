import { expect, test } from "bun:test";
import { ItemSlots } from "../../../src/replay/item-slots.ts";
import { makePiece } from "../../../src/replay/items-snapshot.ts";

test.each([1, 3, 1_000, 65_536])(
  "keys of %d slots stay apart and whole numbers when item numbers begin again",
  (capacity) => {
    const items = new ItemSlots(capacity);
    const stride = 2 ** Math.ceil(Math.log2(capacity));
    const nearEnd = { used: 0, free: new Int32Array(), count: 2 ** 53 / stride - 1 - capacity };
    items.loadStateDict(nearEnd, makePiece(0));
    const slots = items.take(capacity);
    const priorities = new Float64Array(capacity);
    let before = new Set<number>();
    for (let round = 0; round < 4; round++) {
      items.fill(slots, { rows: slots, lengths: undefined, priorities, version: 0 });
      const { keys } = items.copy(0, capacity);
      expect(keys.every((key) => Number.isSafeInteger(key))).toBe(true);
      expect(slots.every((slot) => items.slotOf(keys[slot] as number) === slot)).toBe(true);
      expect([...before].some((key) => items.slotOf(key) !== undefined)).toBe(false);
      before = new Set(keys);
    }
  },
);
