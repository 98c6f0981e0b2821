/** NATS core through its client: `bun nats-events.ts URL` publishes as many messages as it is asked for. */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Packr, Unpackr } from "msgpackr";
import { PAYLOAD } from "../limits/events.ts";
import { Processes } from "../support/processes.ts";

const OPTIONS = { useRecords: false, moreTypes: true, int64AsType: "number" } as const;
/** The client writes at the end of the turn; so many messages are one. */
const TURN = 1_000;

/** The receiving end, and a process that publishes. */
export class NatsEvents implements AsyncDisposable {
  readonly #processes = new Processes();
  readonly #unpackr = new Unpackr(OPTIONS);
  readonly #connection: NatsConnection;
  #left = 0;
  #firstMs = 0;
  #done: (ms: number) => void = () => {};

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    connection.subscribe("event", {
      callback: (_, message) => {
        this.#firstMs ||= performance.now();
        this.#unpackr.unpack(message.data);
        if ((this.#left -= 1) === 0) this.#done(performance.now() - this.#firstMs);
      },
    });
  }

  static async start(url: string): Promise<NatsEvents> {
    const events = new NatsEvents(await connect({ servers: url }));
    await events.#connection.flush();
    await events.#processes.start(process.execPath, [import.meta.path, url]);
    return events;
  }

  /** Messages a second, from the first to the last. */
  async rate(count: number): Promise<number> {
    this.#left = count;
    this.#firstMs = 0;
    const done = new Promise<number>((resolve) => (this.#done = resolve));
    this.#connection.publish("flood", String(count));
    return (count / (await done)) * 1_000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes[Symbol.asyncDispose]();
    await this.#connection.close();
  }
}

async function publish(connection: NatsConnection, count: number): Promise<void> {
  const packr = new Packr(OPTIONS);
  for (let index = 0; index < count; index++) {
    connection.publish("event", packr.pack(PAYLOAD));
    // It has no other back-pressure; without it the server drops a slow consumer.
    if (index % TURN === TURN - 1) await connection.flush();
  }
}

if (import.meta.main) {
  const connection = await connect({ servers: process.argv[2] ?? "" });
  connection.subscribe("flood", {
    callback: (_, message) => void publish(connection, Number(message.string())),
  });
  await connection.flush();
  console.log("ready");
}
