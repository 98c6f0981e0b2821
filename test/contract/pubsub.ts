import { expect, test } from "bun:test";
import type { PubSub, PubSubOptions } from "../../src/broker/pubsub/pubsub.ts";
import { thrownBy } from "../support/thrown-by.ts";
import { until } from "../support/until.ts";

/** Where ends of one broker are opened; each call of `place` of one kind gives the same broker. */
export interface PubSubKind {
  open: (options?: PubSubOptions) => Promise<PubSub>;
  /** As it is shown. */
  url: string;
}

const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);
const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);
const patient = { timeoutMs: 30_000 };

/** What every kind of publish and subscribe promises; each implementation runs it. */
export function pubSubContract(kind: PubSubKind): void {
  test("publish() reaches all others who listen to the topic, in order, and not itself", async () => {
    await using sender = await kind.open();
    await using listener = await kind.open();
    await using other = await kind.open();
    const heard: Record<string, string[]> = { own: [], first: [], second: [], third: [] };
    const into = (name: string) => (payload: Uint8Array) => void heard[name]?.push(text(payload));
    await sender.subscribe("case.order", into("own"));
    await listener.subscribe("case.order", into("first"));
    await listener.subscribe("case.order", into("second"));
    await other.subscribe("case.order", into("third"));
    const said = Array.from({ length: 3_000 }, (_, n) => `word ${n}`);
    for (const word of said) await sender.publish("case.order", bytes(word));
    await sender.publish("case.another", bytes("not for them"));
    await until(
      () => heard["first"]?.length === 3_000 && heard["third"]?.length === 3_000,
      patient,
    );
    expect(heard).toEqual({ own: [], first: said, second: said, third: said });
  });

  test("subscribe() is ended by its disposal; the other handlers of the topic hear on", async () => {
    await using sender = await kind.open();
    await using listener = await kind.open();
    const [gone, here]: string[][] = [[], []];
    const first = await listener.subscribe("case.end", (payload) => gone?.push(text(payload)));
    await using _second = await listener.subscribe("case.end", (payload) =>
      here?.push(text(payload)),
    );
    await sender.publish("case.end", bytes("one"));
    await until(() => here?.length === 1, patient);
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await sender.publish("case.end", bytes("two"));
    await until(() => here?.length === 2, patient);
    expect([gone, here]).toEqual([["one"], ["one", "two"]]);
  });

  test("subscribe() again after the last handler left hears again", async () => {
    await using sender = await kind.open();
    await using listener = await kind.open();
    const heard: string[] = [];
    for (const word of ["one", "two", "three"]) {
      await using _while = await listener.subscribe("case.again", (payload) =>
        heard.push(text(payload)),
      );
      await sender.publish("case.again", bytes(word));
      await until(() => heard.at(-1) === word, patient);
    }
    expect(heard).toEqual(["one", "two", "three"]);
  });

  test("publish() carries messages of any size, larger ones in parts, without mixing them", async () => {
    await using one = await kind.open();
    await using two = await kind.open();
    await using listener = await kind.open();
    const heard: Uint8Array[] = [];
    await listener.subscribe("case.size", (payload) => heard.push(payload));
    const big = (fill: number): Uint8Array => new Uint8Array(9_000_001).fill(fill);
    await Promise.all([
      one.publish("case.size", big(1)),
      two.publish("case.size", big(2)),
      one.publish("case.size", new Uint8Array()),
    ]);
    await until(() => heard.length === 3, patient);
    const shapes = heard.map((each) => `${each.length} of ${each[0]}`).toSorted();
    expect(shapes).toEqual(["0 of undefined", "9000001 of 1", "9000001 of 2"]);
    for (const each of heard) {
      expect(Buffer.compare(each, new Uint8Array(each.length).fill(each[0] ?? 0))).toBe(0);
    }
  });

  test("a handler that throws stops nobody", async () => {
    await using sender = await kind.open();
    const errors: string[] = [];
    const nothing = (): void => {};
    const log = {
      debug: nothing,
      info: nothing,
      warn: nothing,
      error: (message: string) => void errors.push(message),
    };
    await using listener = await kind.open({ log });
    const heard: string[] = [];
    await listener.subscribe("case.throw", () => {
      throw new Error("thrown");
    });
    await listener.subscribe("case.throw", (payload) => heard.push(text(payload)));
    await sender.publish("case.throw", bytes("one"));
    await sender.publish("case.throw", bytes("two"));
    await until(() => heard.length === 2, patient);
    expect(errors).toEqual(["A handler of a topic failed", "A handler of a topic failed"]);
  });

  test("publish() refuses what cannot go: topics, sizes, and after close()", async () => {
    const end = await kind.open({ maxMessageBytes: 10 });
    for (const topic of ["", "a b", "a.*", "a..b", ">", "x".repeat(201)]) {
      const error = await thrownBy(end.publish(topic, bytes("x")));
      expect(error).toMatchObject({ code: "usage.invalid-input" });
      expect(await thrownBy(end.subscribe(topic, () => {}))).toMatchObject({
        code: "usage.invalid-input",
      });
    }
    expect(await thrownBy(end.publish("case.size", new Uint8Array(11)))).toMatchObject({
      code: "usage.invalid-input",
    });
    expect([end.isUp, end.url]).toEqual([true, kind.url]);
    await Promise.all([end.close(), end.close()]);
    const late = [end.publish("case.late", bytes("x")), end.subscribe("case.late", () => {})];
    for (const error of await Promise.all(late.map(thrownBy))) {
      expect(error).toMatchObject({ code: "service.stopping" });
    }
    expect(end.isUp).toBe(false);
  });

  test("close() says first what waits still", async () => {
    await using listener = await kind.open();
    const heard: string[] = [];
    await listener.subscribe("case.close", (payload) => heard.push(text(payload)));
    const sender = await kind.open();
    for (let n = 0; n < 500; n++) void sender.publish("case.close", bytes(`${n}`));
    await sender.close();
    await until(() => heard.length === 500, patient);
  });

  test("publish() rejects with queue.full when too much waits, and the rest arrives", async () => {
    await using listener = await kind.open();
    const heard: string[] = [];
    await listener.subscribe("case.full", (payload) => heard.push(text(payload)));
    await using sender = await kind.open({ waiting: { messages: 10, bytes: 1_000 } });
    const sent = Array.from({ length: 30 }, (_, n) => sender.publish("case.full", bytes(`${n}`)));
    const results = await Promise.allSettled(sent);
    const refused = results.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(refused.map(({ code }) => code)).toEqual(Array(20).fill("queue.full"));
    await until(() => heard.length === 10, patient);
    await sender.publish("case.full", bytes("after"));
    await until(() => heard.at(-1) === "after", patient);
  });
}
