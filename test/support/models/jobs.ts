import { existsSync, writeFileSync } from "node:fs";
import { defineModel } from "ding";

/** What an item asks for. */
interface Item {
  echo?: unknown;
  /** Milliseconds that the whole batch then takes. */
  waitMs?: number;
  /** The whole batch waits until this file is there. */
  gate?: string;
  /** Ends the process. */
  exit?: boolean;
  signal?: NodeJS.Signals;
  throw?: string;
  /** Never gives the turn back. */
  spin?: boolean;
  /** What is known of the batch and the worker. */
  tell?: boolean;
  /** A line is added to this file when it is run. */
  mark?: string;
}

let batches = 0;

// oxlint-disable-next-line import/no-default-export -- a plugin's default export is what is loaded
export default defineModel({
  load: () => ({ loadedAt: Date.now() }),
  async predict(_model, inputs: Item[], ctx) {
    batches += 1;
    for (const { mark } of inputs) if (mark) writeFileSync(mark, "x\n", { flag: "a" });
    for (const { exit, signal, spin } of inputs) {
      if (exit) process.exit(3);
      if (signal) process.kill(process.pid, signal);
      while (spin) Math.random();
    }
    const waitMs = Math.max(0, ...inputs.map((item) => item.waitMs ?? 0));
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    for (const { gate } of inputs) {
      while (gate && !existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return inputs.map((item) => {
      if (item.throw !== undefined) throw new Error(item.throw);
      if (!item.tell) return item.echo ?? null;
      return {
        batch: inputs.length,
        batches,
        pid: process.pid,
        workerId: ctx.workerId,
        device: ctx.device,
        cuda: process.env["CUDA_VISIBLE_DEVICES"] ?? null,
        version: ctx.version,
      };
    });
  },
});
