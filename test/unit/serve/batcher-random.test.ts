import { test } from "bun:test";
import { Chance, chaosSeed } from "../../support/chance.ts";
import { Ledger } from "./batching/ledger.ts";

const ROUNDS = 20;
const STEPS = 250;

test("Batcher loses nothing, runs nothing twice, and keeps sizes, orders and deadlines, whatever happens", () => {
  const seed = chaosSeed();
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const ledger = new Ledger(new Chance(seed + round));
      for (let step = 0; step < STEPS; step++) ledger.step();
      ledger.finish();
    } catch (error) {
      throw new Error(`Seed ${seed}, round ${round} (CHAOS_SEED=${seed + round})`, {
        cause: error,
      });
    }
  }
});
