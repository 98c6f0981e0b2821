import { afterAll, afterEach, beforeEach } from "bun:test";
import { openServices, type Service } from "../../src/core/service.ts";
import { takeOrphans } from "./ding.ts";
import { newHandles, openHandles, type OpenHandles } from "./open-handles.ts";
import { describeTimer, openTimers, trackTimers } from "./open-timers.ts";

/**
 * Preloaded before all tests: a test that leaves a service, child, listening socket or timer open fails.
 * What `beforeAll` opened may stay until `afterAll`; at the very end nothing may be left.
 */
interface Baseline extends OpenHandles {
  services: Set<Service>;
  timers: ReturnType<typeof openTimers>;
}

/** Releasing may need a few turns of the event loop (a child that was just killed, a closing socket) and ding's own timers of a second. */
const GRACE_MS = Number(process.env["TEST_GUARD_GRACE_MS"] ?? 5_000);
const LOOK_EVERY_MS = 10;
const nativeSetTimeout = globalThis.setTimeout;

trackTimers();
const atStart = takeBaseline();
let beforeTest = atStart;

beforeEach(() => {
  beforeTest = takeBaseline();
});

afterEach(() => failIfOpen("Test", beforeTest));
afterAll(() => failIfOpen("Test files", atStart));

function takeBaseline(): Baseline {
  return { ...openHandles(), services: new Set(openServices), timers: openTimers() };
}

async function failIfOpen(who: string, before: Baseline): Promise<void> {
  const deadline = performance.now() + GRACE_MS;
  let open = findOpen(before);
  while (open.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => nativeSetTimeout(resolve, LOOK_EVERY_MS));
    open = findOpen(before);
  }
  open.push(...takeOrphans());
  if (open.length > 0) throw new Error(`${who} left open: ${open.join("; ")}`);
}

function findOpen(before: Baseline): string[] {
  return [
    ...[...openServices.difference(before.services)].map(
      (service) => `service ${service.constructor.name} (${service.state})`,
    ),
    ...newHandles(before),
    ...[...openTimers().difference(before.timers)].map(describeTimer),
  ];
}
