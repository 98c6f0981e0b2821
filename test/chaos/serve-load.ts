import { readFileSync } from "node:fs";
import { DingError } from "../../src/core/errors.ts";
import { Client } from "../../src/serve/client/client.ts";
import { KeepAlive } from "../support/keep-alive.ts";

/** How a request may end: the answer, a refusal while the server stops, or nobody listens any more. */
export type Ending = "answered" | "stopping" | "refused";

/** How many clients of each kind ask at the same time. */
export interface LoadShape {
  json: number;
  oip: number;
  native: number;
  /** They hang up in the middle. */
  leavers: number;
  /** Of the native client; default 30,000. */
  connectTimeoutMs?: number;
  /** Where the model writes each item that it runs. */
  ledger: string;
}

interface Echo {
  id: number;
  version: number;
}

/** One who asks for the echo of an id. */
type Asker = (id: number) => Promise<Echo | "stopping">;

const PATIENT_MS = 30_000;
const PAUSE_MS = 20;
/** The number of items that nobody waits for. */
const ABANDONED = -1;

/** Clients of every face that ask without a pause, each request with a number of its own. */
export class ServeLoad implements AsyncDisposable {
  readonly endings: Record<Ending, number> = { answered: 0, stopping: 0, refused: 0 };
  /** What nobody may ever see: lost, answered twice, answered wrong. */
  readonly faults: string[] = [];
  readonly versions = new Set<number>();
  readonly #answered = new Set<number>();
  readonly #shape: LoadShape;
  readonly #connections: KeepAlive[];
  readonly #client: Client;
  readonly #running: Promise<void>[];
  #lastId = 0;
  #isOver = false;
  #mayStop = false;

  constructor(port: number, shape: LoadShape) {
    this.#shape = shape;
    const sockets = (count: number): KeepAlive[] =>
      Array.from({ length: count }, () => new KeepAlive(port));
    const [json, oip] = [sockets(shape.json), sockets(shape.oip)];
    this.#connections = [...json, ...oip];
    this.#client = new Client({
      ip: "127.0.0.1",
      port,
      connectTimeoutMs: shape.connectTimeoutMs ?? PATIENT_MS,
    });
    const askers: Asker[] = [
      ...json.map(
        (socket): Asker =>
          (id) =>
            askJson(socket, id),
      ),
      ...oip.map(
        (socket): Asker =>
          (id) =>
            askBinary(socket, id),
      ),
      ...Array.from({ length: shape.native }, (): Asker => (id) => askNative(this.#client, id)),
    ];
    const leaving = Array.from({ length: shape.leavers }, () => this.#leaveOn(port));
    this.#running = [...askers.map((ask) => this.#askOn(ask)), ...leaving];
  }

  get answered(): number {
    return this.#answered.size;
  }

  /** From now on a refusal is no fault: the server is told to stop. */
  expectStop(): void {
    this.#mayStop = true;
  }

  /** Lets what is under way end. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    for (const { extraBytes } of this.#connections) {
      if (extraBytes > 0) this.faults.push(`${extraBytes} bytes of answers that nobody asked for`);
    }
  }

  /** How often items ran, by their numbers. */
  runs(): Map<number, number> {
    const runs = new Map<number, number>();
    for (const line of readFileSync(this.#shape.ledger, "utf8").split("\n").filter(Boolean)) {
      runs.set(Number(line), (runs.get(Number(line)) ?? 0) + 1);
    }
    return runs;
  }

  /** Items that were answered and never ran, or ran more often than that. */
  runFaults(most: number): number[] {
    const runs = this.runs();
    return [...this.#answered].filter((id) => !runs.has(id) || (runs.get(id) ?? 0) > most);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const socket of this.#connections) socket[Symbol.dispose]();
    await this.#client.close();
    await Promise.allSettled(this.#running);
  }

  async #askOn(ask: Asker): Promise<void> {
    while (!this.#isOver) {
      const ending = await this.#askOnce(ask, ++this.#lastId);
      this.endings[ending] += 1;
      if (ending !== "answered") await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #leaveOn(port: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      using socket = new KeepAlive(port);
      const asking = askJson(socket, ABANDONED).catch(() => {});
      await Promise.race([asking, new Promise((resolve) => setTimeout(resolve, turn % 8))]);
    }
  }

  async #askOnce(ask: Asker, id: number): Promise<Ending> {
    try {
      const echo = await ask(id);
      if (echo === "stopping") {
        if (!this.#mayStop) this.faults.push(`${id}: refused as if the server was stopping`);
        return "stopping";
      }
      if (echo.id !== id) this.faults.push(`${id}: answered ${JSON.stringify(echo)}`);
      if (this.#answered.has(id)) this.faults.push(`${id}: answered twice`);
      this.#answered.add(id);
      this.versions.add(echo.version);
      return "answered";
    } catch (thrown) {
      if (this.#isOver && thrown === undefined) return "refused";
      const { code, message } = thrown as { code?: string; message: string };
      const isRefused = code === "ECONNREFUSED" || code === "network.refused";
      if (!isRefused || !this.#mayStop) this.faults.push(`${id}: ${code ?? ""} ${message}`);
      return "refused";
    }
  }
}

async function askJson(socket: KeepAlive, id: number): Promise<Echo | "stopping"> {
  const { status, body } = await socket.post("/predict", JSON.stringify({ input: { id: [id] } }));
  const text = new TextDecoder().decode(body);
  if (status === 503) return "stopping";
  if (status !== 200) throw new Error(`/predict ${status}: ${text}`);
  const { output } = JSON.parse(text) as { output: Record<"id" | "version", number[]> };
  return { id: output.id[0] ?? -1, version: output.version[0] ?? -1 };
}

const BINARY = { binary_data_output: true };

async function askBinary(socket: KeepAlive, id: number): Promise<Echo | "stopping"> {
  const head = new TextEncoder().encode(
    JSON.stringify({
      id: String(id),
      inputs: [
        { name: "id", datatype: "INT32", shape: [1, 1], parameters: { binary_data_size: 4 } },
      ],
      parameters: BINARY,
    }),
  );
  const bytes = Buffer.concat([head, Buffer.from(Int32Array.of(id).buffer)]);
  const { status, body, headers } = await socket.post("/v2/models/model/infer", bytes, {
    "Content-Type": "application/octet-stream",
    "Inference-Header-Content-Length": String(head.length),
  });
  if (status === 503) return "stopping";
  if (status !== 200) throw new Error(`infer ${status}: ${new TextDecoder().decode(body)}`);
  const headBytes = Number(headers.get("inference-header-content-length"));
  const told = JSON.parse(new TextDecoder().decode(body.subarray(0, headBytes))) as {
    id: string;
    outputs: { name: string }[];
  };
  if (told.id !== String(id)) throw new Error(`infer ${id} was answered as ${told.id}`);
  const values = new Int32Array(body.slice(headBytes).buffer);
  const at = (name: string): number =>
    values[told.outputs.findIndex((output) => output.name === name)] ?? -1;
  return { id: at("id"), version: at("version") };
}

async function askNative(client: Client, id: number): Promise<Echo | "stopping"> {
  try {
    const output = await client.encode<Record<"id" | "version", Int32Array>>({
      id: Int32Array.of(id),
    });
    return { id: output.id[0] ?? -1, version: output.version[0] ?? -1 };
  } catch (thrown) {
    if (thrown instanceof DingError && thrown.code === "service.stopping") return "stopping";
    throw thrown;
  }
}
