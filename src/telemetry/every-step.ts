import { systemClock, type Clock } from "../core/clock.ts";

/** Runs it every `everyMs` until it is disposed; told how long the step really was. A step that is late does not make the next one early. */
export function everyStep(
  everyMs: number,
  run: (ms: number) => void,
  clock: Clock = systemClock,
): Disposable {
  let lastMs = clock.now();
  const step = (): Disposable =>
    clock.after(everyMs, () => {
      const nowMs = clock.now();
      timer = step(); // first: what `run` throws must not end it
      const ms = nowMs - lastMs;
      lastMs = nowMs;
      run(ms);
    });
  let timer = step();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
