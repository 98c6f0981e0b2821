import { fleet } from "./queue/fleet.ts";
import { nats } from "./queue/nats.ts";
import { redis } from "./queue/redis.ts";
import { sqlite } from "./queue/sqlite.ts";
import type { Row } from "./support/row.ts";

/**
 * The queues by themselves: jobs of 100 bytes, pushed in batches, taken and acknowledged by units that do nothing.
 * Then units that ask a server.
 */
export async function* bench(): AsyncGenerator<Row> {
  yield* sqlite();
  yield* redis();
  yield* nats();
  yield* fleet();
}
