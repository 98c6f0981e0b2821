import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { defineSlave } from "ding";
import { loadDigits } from "./digits.ts";
import { pointSchema } from "./point.ts";
import { train } from "./training.ts";

const digits = loadDigits(); // once per worker process, before its first task

/** A slave whose task is one hyper-parameter point and whose result is the accuracy reached there. */
export default defineSlave({
  schema: pointSchema,
  async processTask(point, ctx) {
    const startedMs = performance.now();
    const training = train(point, digits);
    let pass = training.next();
    while (!pass.done) {
      ctx.progress(pass.value);
      await setImmediate(); // lets progress out, and a cancel in
      ctx.signal.throwIfAborted();
      pass = training.next();
    }
    return {
      ...pass.value,
      trainMs: Math.round(performance.now() - startedMs),
      point,
      worker: { workerId: ctx.workerId, pid: process.pid },
    };
  },
});
