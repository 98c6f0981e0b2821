import { expect } from "bun:test";
import { parseNatsUrl } from "../../../src/broker/nats/nats-names.ts";
import { NatsLink } from "../../../src/broker/nats/nats-link.ts";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { parseQueueUrl } from "../../../src/broker/queue-url.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { natsMissing, natsServer } from "../../support/nats-server.ts";
import { testNeeding } from "../../support/needs.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const CALL = { verb: "write to", patienceMs: 10_000 };

testNeeding(natsMissing)(
  "nats: a push that did not fit comes in with the next try, also what has a key",
  async () => {
    await using server = await natsServer();
    await using queue = await openQueue(server.url);
    await using link = new NatsLink(parseNatsUrl(parseQueueUrl(server.url)), silentLogger);
    await link.open();
    const stream = await link.api<{ config: { name: string } }>(
      "$JS.API.STREAM.INFO.DING-JOBS-jobs",
      CALL,
    );
    const limit = (max_msgs: number): Promise<unknown> =>
      link.api(`$JS.API.STREAM.UPDATE.${stream.config.name}`, {
        ...CALL,
        data: JSON.stringify({ ...stream.config, max_msgs }),
      });
    await limit(1);
    const job = { value: Buffer.from("kept"), key: "k" };
    const refused = queue.pushMany([job, { value: Buffer.from("too many") }]);
    expect(await thrownBy(refused)).toHaveProperty("code", "queue.no-space");
    await limit(-1);
    await queue.pushMany([job, { value: Buffer.from("too many") }]);
    const jobs = await queue.take({ max: 5, waitMs: 30_000 });
    expect(jobs.map(({ value }) => Buffer.from(value).toString())).toEqual(["kept", "too many"]);
  },
);
