import { randomInt } from "node:crypto";
import { DingError } from "../core/errors.ts";
import { Random } from "../replay/random.ts";

const WARM_UP = 12;
const TWO_POW_32 = 4_294_967_296;

/** A seed that nobody has chosen: a whole number of 32 bits. */
export function newSeed(): number {
  return randomInt(TWO_POW_32);
}

/** The numbers of one node: always the same for a seed, others on each node. Throws `usage.invalid-option` for no seed. */
export function chanceOf(seed: number, nodeId: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new DingError("usage.invalid-option", `Cannot start task with seed ${seed}`, {
      hint: "Pass a whole number from 0 on.",
    });
  }
  const random = new Random();
  random.loadStateDict([nodeId, seed, Math.floor(seed / TWO_POW_32), 1]);
  for (let count = 0; count < WARM_UP; count++) random.int32();
  return random;
}
