import { expect, test } from "bun:test";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testNeeding } from "../../support/needs.ts";
import { redisMissing, redisServer } from "../../support/redis-server.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { MODEL_TERMS, QueueModel } from "./queue-model.ts";

// Always the same sequence; CHAOS_SEED tries others.
const seed = Number(process.env["CHAOS_SEED"] ?? 1);

test(`sqlite does what the memory does, whatever is done (CHAOS_SEED=${seed})`, async () => {
  await using folder = await tempFolder();
  const clock = new FakeClock(1_000_000);
  const options = { ...MODEL_TERMS, clock };
  await using one = await openQueue(`sqlite:${folder.file("q.db")}`, options);
  await using other = await openQueue(`sqlite:${folder.file("q.db")}`, options);
  await new QueueModel([one, other], { seed, clock }).run(150);
  expect(one.state).toBe("running");
});

testNeeding(redisMissing)(
  `redis does what the memory does, whatever is done (CHAOS_SEED=${seed})`,
  async () => {
    await using server = await redisServer();
    await using one = await openQueue(server.url, MODEL_TERMS);
    await using other = await openQueue(server.url, MODEL_TERMS);
    await new QueueModel([one, other], { seed }).run(250);
    expect(one.state).toBe("running");
  },
);
