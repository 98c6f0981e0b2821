import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openQueue } from "../../src/broker/open-queue.ts";
import type { Queue } from "../../src/broker/queue.ts";
import type { QueueOptions } from "../../src/broker/queue-options.ts";
import { Fleet } from "../../src/decentral/fleet.ts";
import type { FleetOptions } from "../../src/decentral/fleet-options.ts";
import { ROOT } from "./ding.ts";

/** The units that the tests run. */
export function unitFixture(name: string): string {
  return join(ROOT, "test/support/units", name);
}

/** The unit that does what its jobs say. */
export const NOTING: string = unitFixture("noting.ts");

/** A fleet in this process, its workers beside it, on a free port; one unit of `noting.ts`, if not told otherwise. */
export function startFleet(options: Partial<FleetOptions> = {}): Promise<Fleet> {
  const defaults = { plugin: NOTING, port: 0, numClient: 1, logLevel: "silent" };
  return new Fleet({ ...defaults, ...options }).start();
}

/** A queue of this process, whose retries come soon. */
export function memoryQueue(options: QueueOptions = {}): Promise<Queue> {
  return openQueue("memory:", { backoff: { minMs: 10, maxMs: 50, jitter: 0 }, ...options });
}

/** Pushes values as JSON. */
export async function pushValues(queue: Queue, ...values: unknown[]): Promise<void> {
  const encoder = new TextEncoder();
  await queue.pushMany(values.map((value) => ({ value: encoder.encode(JSON.stringify(value)) })));
}

/** A line that a unit has noted. */
export interface Note {
  what: string;
  n: number;
  unit: string;
  pid: number;
  attempt: number;
  key?: string;
  /** When, since 1970; not every unit tells. */
  atMs?: number;
}

/** What units have noted in a file so far; a line that is being written is not there yet. */
export function notesIn(file: string): Note[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Note);
}
