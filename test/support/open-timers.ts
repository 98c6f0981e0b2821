/** What Bun's timers know about themselves. */
interface Handle {
  readonly _destroyed: boolean;
  hasRef(): boolean;
}

interface SetTimer {
  (run: (...args: unknown[]) => void, ms?: number, ...rest: unknown[]): Handle;
}

const FEW = 1_000;
/** Looking through all of them at each new timer would be slow: wait until they have doubled. */
let pruneAbove = FEW;
const kept = new Map<Handle, Error>();
let isInstalled = false;

/** From now on remembers the timers which the global functions set. */
export function trackTimers(): void {
  if (isInstalled) return;
  isInstalled = true;
  const target = globalThis as unknown as Record<"setTimeout" | "setInterval", SetTimer>;
  for (const name of ["setTimeout", "setInterval"] as const) {
    const original = target[name];
    const tracked: SetTimer = (run, ms, ...rest) => {
      const handle = original(run, ms, ...rest);
      if (kept.size >= pruneAbove) prune();
      kept.set(handle, new Error(`${name} of ${ms ?? 0} ms`));
      return handle;
    };
    target[name] = Object.assign(tracked, original); // keeps what `promisify` looks for
  }
}

/** The timers that would keep this process alive now. */
export function openTimers(): Set<Handle> {
  prune();
  return new Set([...kept.keys()].filter((handle) => handle.hasRef()));
}

/** Where a timer was set, and for how long. */
export function describeTimer(handle: Handle): string {
  const set = kept.get(handle);
  const frames = set?.stack?.split("\n").slice(1) ?? [];
  const caller = frames.find((frame) => !frame.includes("open-timers.ts"))?.trim() ?? "";
  return `${set?.message ?? "timer"} ${caller}`.trim();
}

function prune(): void {
  for (const handle of kept.keys()) if (handle._destroyed) kept.delete(handle);
  pruneAbove = Math.max(FEW, 2 * kept.size);
}
