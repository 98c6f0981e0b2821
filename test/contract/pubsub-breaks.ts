import { expect, test } from "bun:test";
import type { PubSub, PubSubOptions } from "../../src/broker/pubsub/pubsub.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { thrownBy } from "../support/thrown-by.ts";
import { until } from "../support/until.ts";

/** A broker of a test's own, which it may kill and start again where it was. */
export interface MortalBroker extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);
const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);
const patient = { timeoutMs: 60_000 };

/** What a broker behind a network promises when that, or itself, breaks. */
export function pubSubBreaks(
  newBroker: () => Promise<MortalBroker>,
  open: (url: string, options?: PubSubOptions) => Promise<PubSub>,
): void {
  test("a sender whose connections are cut while it says 5,000 words loses and repeats none", async () => {
    await using broker = await newBroker();
    await using proxy = await TcpProxy.open(broker.port);
    const throughProxy = broker.url.replace(`:${broker.port}`, `:${proxy.port}`);
    await using sender = await open(throughProxy);
    await using listener = await open(broker.url);
    const connections = proxy.accepted;
    const heard: string[] = [];
    await listener.subscribe("case.cut", (payload) => heard.push(text(payload)));
    const said = Array.from({ length: 5_000 }, (_, n) => `word ${n}`);
    for (const [n, word] of said.entries()) {
      await sender.publish("case.cut", bytes(word));
      if (n % 1_000 === 500) proxy.cut();
      if (n % 100 === 0) await new Promise(setImmediate); // lets it go out
    }
    await until(() => heard.length >= 5_000, patient);
    expect(heard).toEqual(said);
    expect(proxy.accepted).toBeGreaterThan(connections);
  });

  test("a broker killed and started again has all subscriptions again, and gets what waited", async () => {
    await using broker = await newBroker();
    const changes: string[] = [];
    await using sender = await open(broker.url);
    await using listener = await open(broker.url, { onChange: (state) => changes.push(state) });
    const heard: string[] = [];
    await listener.subscribe("case.kill", (payload) => heard.push(text(payload)));
    await sender.publish("case.kill", bytes("before"));
    await until(() => heard.length === 1, patient);
    await broker.kill();
    await until(() => !sender.isUp && !listener.isUp, patient);
    const later = listener.subscribe("case.meanwhile", (payload) => heard.push(text(payload)));
    await broker.start();
    await until(() => listener.isUp, patient);
    await sender.publish("case.kill", bytes("after"));
    await later;
    await sender.publish("case.meanwhile", bytes("as well"));
    await until(() => heard.length === 3, patient);
    expect({ heard, changes }).toEqual({
      heard: ["before", "after", "as well"],
      changes: ["down", "up"],
    });
  });

  test("while the broker is away what waits is bounded, and goes out in order when it is back", async () => {
    await using broker = await newBroker();
    const waiting = { messages: 20, bytes: 100_000 };
    await using sender = await open(broker.url, { waiting });
    await using listener = await open(broker.url);
    const heard: string[] = [];
    await listener.subscribe("case.away", (payload) => heard.push(text(payload)));
    await broker.kill();
    await until(() => !sender.isUp && !listener.isUp, patient);
    const sent = Array.from({ length: 25 }, (_, n) => sender.publish("case.away", bytes(`${n}`)));
    const ends = sent.slice(20).map((each) => thrownBy(each));
    for (const error of await Promise.all(ends))
      expect(error).toMatchObject({ code: "queue.full" });
    expect(await thrownBy(open(broker.url))).toMatchObject({ code: "network.unreachable" });
    await broker.start();
    // Whoever listens when it goes out hears it: which of the two is back first is chance.
    await Promise.all(sent.slice(0, 20));
    await until(() => listener.isUp, patient);
    await sender.publish("case.away", bytes("after"));
    await until(() => heard.at(-1) === "after", patient);
    const early = heard.slice(0, -1).map(Number);
    expect(early).toEqual(Array.from({ length: 20 }, (_, n) => n).slice(20 - early.length));
  });

  test("close() ends what waits for a broker that is away", async () => {
    await using broker = await newBroker();
    const sender = await open(broker.url);
    await broker.kill();
    await until(() => !sender.isUp, patient);
    const late = sender.subscribe("case.late", () => {});
    const published = sender.publish("case.late", bytes("x"));
    await Promise.all([thrownBy(late), sender.close()]);
    await published;
  });
}
