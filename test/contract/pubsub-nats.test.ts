import { afterAll, expect, test } from "bun:test";
import { silentLogger } from "../../src/core/log.ts";
import { openPubSub } from "../../src/broker/pubsub/open-pubsub.ts";
import { natsMissing, natsServer } from "../support/nats-server.ts";
import { testNeeding } from "../support/needs.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { thrownBy } from "../support/thrown-by.ts";
import { until } from "../support/until.ts";
import { pubSubBreaks } from "./pubsub-breaks.ts";
import { pubSubContract } from "./pubsub.ts";

if (natsMissing === undefined) {
  const server = await natsServer();
  afterAll(() => server[Symbol.asyncDispose]());
  pubSubContract({ url: server.url, open: (options) => openPubSub(server.url, options) });
  pubSubBreaks(() => natsServer(), openPubSub);

  test("what the server does not let this user do is told", async () => {
    await using folder = await tempFolder();
    const only = `{ publish: "open.>", subscribe: ["open.>", "_INBOX.>"] }`;
    const users = `[{ user: u, password: p, permissions: ${only} }]`;
    const config = await folder.write("nats.conf", `authorization { users: ${users} }\n`);
    await using guarded = await natsServer({ flags: ["-c", config] });
    const url = guarded.url.replace("//", "//u:p@");
    const errors: string[] = [];
    const log = {
      ...silentLogger,
      error: (_: string, fields: unknown) => void errors.push(JSON.stringify(fields)),
    };
    await using end = await openPubSub(url, { log });
    await end.subscribe("open.case", () => {});
    expect(await thrownBy(end.subscribe("shut.case", () => {}))).toMatchObject({
      code: "auth.refused",
    });
    await end.publish("shut.case", new Uint8Array(1));
    const told = (what: string): boolean => errors.some((each) => each.includes(what));
    await until(() => told("Publish to"), { timeoutMs: 30_000 });
    await end.publish("open.case", new Uint8Array(1));
    await end.close();
    expect(told("open.case")).toBe(false);
  });
} else {
  testNeeding(natsMissing)("nats: keeps the contract of publish and subscribe", () => {});
}
