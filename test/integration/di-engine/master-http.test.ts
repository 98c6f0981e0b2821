import { expect, test } from "bun:test";
import { Master } from "../../../src/master/master.ts";
import type { SlaveConnection } from "../../../src/master/connection.ts";
import type { Task } from "../../../src/master/task.ts";
import { TaskStatus } from "../../../src/master/task-status.ts";
import { NetworkError } from "../../../src/core/errors.ts";
import { SlaveResponseException } from "../../../src/protocol/response-exception.ts";
import { SlaveTaskAlreadyExist } from "../../../src/protocol/slave-exceptions.ts";
import { until } from "../../support/until.ts";
import { refusal, success } from "./fake-master.ts";

const CHANNEL = 9;

interface Request_ {
  method: string;
  path: string;
  headers: Headers;
  length: string | null;
  body: { master?: { address: string }; task?: { id: string }; data?: unknown };
}

/** A slave of the HTTP dialect that does as it is told. */
class FakeSlave implements Disposable {
  readonly heard: Request_[] = [];
  answer: (request: Request_) => Response | undefined = () => undefined;
  readonly #server: Bun.Server<undefined>;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/session") return new Response("<h1>Not Found</h1>", { status: 404 });
        const heard: Request_ = {
          method: request.method,
          path: pathname,
          headers: request.headers,
          length: request.headers.get("content-length"),
          body: (await request.json()) as Request_["body"],
        };
        this.heard.push(heard);
        return this.answer(heard) ?? success();
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get last(): Request_ {
    const last = this.heard.at(-1);
    if (!last) throw new Error("Nothing was heard");
    return last;
  }

  /** Calls the master back, as a slave does; `path` without /slave. */
  async tell(
    method: string,
    path: string,
    body: unknown = {},
    headers: Record<string, string> = {},
  ): Promise<{ status: number; code: number; success: boolean }> {
    const [connect] = this.heard;
    const response = await fetch(`${connect?.body.master?.address}/slave${path}`, {
      method,
      headers: {
        Channel: String(CHANNEL),
        Token: connect?.headers.get("token") ?? "",
        ...headers,
      },
      ...(method === "GET" ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const { code, success: ok } = (await response.json()) as { code: number; success: boolean };
    return { status: response.status, code, success: ok };
  }

  complete(id: string, result: unknown): ReturnType<FakeSlave["tell"]> {
    return this.tell("PUT", "/task/complete", { task: { id }, result });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

interface Scene extends AsyncDisposable {
  slave: FakeSlave;
  master: Master;
  conn: SlaveConnection;
}

async function scene(
  options: Partial<ConstructorParameters<typeof Master>[0]> = {},
  make: (options: ConstructorParameters<typeof Master>[0]) => Master = (given) => new Master(given),
): Promise<Scene> {
  const slave = new FakeSlave();
  const master = await make({ channel: CHANNEL, port: 0, ...options }).start();
  const conn = master.newConnection("conn", "127.0.0.1", slave.port);
  await conn.connect();
  return {
    slave,
    master,
    conn,
    async [Symbol.asyncDispose]() {
      await master.close();
      slave[Symbol.dispose]();
    },
  };
}

/** Starts a task and returns when the slave has it. */
async function started(conn: SlaveConnection, data: unknown = {}): Promise<Task> {
  const task = conn.newTask(data);
  await task.start();
  return task;
}

test("connect() sends JSON with a length, the channel, a token of 64, and the address to call back", async () => {
  await using here = await scene();
  const { method, path, headers, length, body } = here.slave.last;
  expect([method, path]).toEqual(["POST", "/connect"]);
  expect(headers.get("channel")).toBe(String(CHANNEL));
  expect(headers.get("token")).toMatch(/^[0-9a-fA-F]{64}$/);
  expect(length).toBe(String(JSON.stringify(body).length));
  expect(body.master?.address).toBe(`http://${here.master.address}`);
  await here.conn.disconnect();
  expect([here.slave.last.method, here.slave.last.path, here.slave.last.length]).toEqual([
    "DELETE",
    "/disconnect",
    "11",
  ]);
});

test("master checks channel, then token, then body, with the ancestor's codes", async () => {
  await using here = await scene();
  const { slave } = here;
  const none = { Channel: "" };
  expect(await slave.tell("GET", "/heartbeat")).toEqual({ status: 200, code: 0, success: true });
  expect(await slave.tell("GET", "/heartbeat", {}, none)).toMatchObject({ status: 400, code: 201 });
  expect(await slave.tell("GET", "/heartbeat", {}, { Channel: "1" })).toMatchObject({
    status: 403,
    code: 202,
  });
  expect(await slave.tell("GET", "/heartbeat", {}, { Token: "" })).toMatchObject({
    status: 400,
    code: 501,
  });
  expect(await slave.tell("GET", "/heartbeat", {}, { Token: "x" })).toMatchObject({
    status: 403,
    code: 502,
  });
  expect(await slave.tell("PUT", "/task/complete", { result: 1 })).toEqual({
    status: 200,
    code: 601,
    success: false,
  });
  expect(await slave.tell("PUT", "/task/complete", "{broken")).toMatchObject({ status: 400 });
  expect(await slave.tell("PUT", "/task/complete", { task: { id: "x" }, result: 1 })).toMatchObject(
    { status: 400 },
  );
});

test("a result for an unknown task harms nothing; one that comes twice is heard twice", async () => {
  await using here = await scene();
  const { slave, conn } = here;
  const stranger = await slave.complete("4b8a0a5e-6d9f-4a83-9f0a-3f1c2f1d2a10", 1);
  expect(stranger).toEqual({ status: 200, code: 601, success: false });
  const task = await started(conn);
  expect((await slave.complete(task.id, "once")).success).toBe(true);
  expect((await slave.complete(task.id, "twice")).success).toBe(true);
  expect(task.result).toBe("once");
});

test("callbacks that throw, call the connection, or take long harm nobody else", async () => {
  await using here = await scene();
  const { slave, conn } = here;
  const order: string[] = [];
  const never = new Promise<void>(() => {});
  const task = await started(conn);
  task
    .onComplete(() => {
      throw new Error("a user's mistake");
    })
    .onComplete(async () => {
      order.push("slow");
      await never;
    })
    .onComplete(() => void order.push(`connected ${conn.isConnected}`))
    .onComplete(() => void conn.newTask({ second: true }).start());
  await slave.complete(task.id, 1);
  await task.join({ timeoutMs: 2_000 });
  expect(order).toEqual(["slow", "connected true"]);
  await until(() => slave.last.path === "/task/new" && slave.heard.length === 3, {
    what: "the task of the callback",
  });
  const next = await started(conn);
  await slave.complete(next.id, 2);
  expect((await next.join()).result).toBe(2);
});

test("hooks that throw afterwards do not undo what has happened", async () => {
  class Clumsy extends Master {
    override afterConnect(): unknown {
      throw new Error("clumsy");
    }
    override afterNewTask(): unknown {
      throw new Error("clumsy too");
    }
  }
  await using here = await scene({}, (options) => new Clumsy(options));
  const { slave, conn, master } = here;
  expect([conn.isConnected, master.has("conn")]).toEqual([true, true]);
  const task = await started(conn);
  await slave.complete(task.id, 3);
  expect((await task.join()).result).toBe(3);
});

test("a slave without heartbeats is given up after the tolerance: tasks LOST, the name free", async () => {
  await using here = await scene({ toleranceMs: 200 });
  const { master, conn } = here;
  const task = await started(conn);
  await task.join({ timeoutMs: 5_000 });
  expect([task.status, conn.isConnected, master.has("conn")]).toEqual([
    TaskStatus.LOST,
    false,
    false,
  ]);
  expect(await conn.closed).toBeInstanceOf(NetworkError);
});

test("heartbeats keep a slave for many tolerances", async () => {
  await using here = await scene({ toleranceMs: 200 });
  const end = performance.now() + 800;
  while (performance.now() < end) {
    expect((await here.slave.tell("GET", "/heartbeat")).success).toBe(true);
    await Bun.sleep(20);
  }
  expect(here.conn.isConnected).toBe(true);
});

test("a master that stood still for longer than the tolerance hears what its slaves said meanwhile", async () => {
  await using here = await scene({ toleranceMs: 200 });
  Bun.sleepSync(500);
  expect((await here.slave.tell("GET", "/heartbeat")).success).toBe(true);
  expect(here.conn.isConnected).toBe(true);
});

test("refusals are the ancestor's exceptions, unknown codes the base class, HTML a NetworkError", async () => {
  await using here = await scene();
  const { slave, conn } = here;
  const startError = async (answer: Response): Promise<[unknown, TaskStatus]> => {
    slave.answer = ({ path }) => (path === "/task/new" ? answer : undefined);
    const task = conn.newTask({});
    const error: unknown = await task.start().catch((thrown: unknown) => thrown);
    return [error, task.status];
  };
  const [busy, busyStatus] = await startError(refusal(400, 601));
  expect(busy).toBeInstanceOf(SlaveTaskAlreadyExist);
  expect(busyStatus).toBe(TaskStatus.START_FAILED);
  const [odd] = await startError(refusal(418, 999));
  expect(odd).toBeInstanceOf(SlaveResponseException);
  expect((odd as SlaveResponseException).code).toBe(999);
  const [html] = await startError(new Response("<h1>500</h1>", { status: 500 }));
  expect(html).toBeInstanceOf(NetworkError);
});

test("a slave whose port is closed: connect() rejects with a NetworkError through errorConnect", async () => {
  const errors: Error[] = [];
  class Watching extends Master {
    override errorConnect(error: Error): unknown {
      errors.push(error);
      return "swallowed";
    }
  }
  await using master = await new Watching({ channel: CHANNEL }).start();
  const gone = new FakeSlave();
  const { port } = gone;
  gone[Symbol.dispose]();
  const conn = master.newConnection("conn", "127.0.0.1", { port, dialect: "di-engine" });
  expect(await conn.connect()).toBe("swallowed");
  expect([conn.isConnected, master.has("conn"), errors[0] instanceof NetworkError]).toEqual([
    false,
    false,
    true,
  ]);
});

test("disconnect() and heartbeats in any order wedge nothing", async () => {
  await using here = await scene();
  const { slave, master } = here;
  await here.conn.disconnect();
  for (let round = 0; round < 50; round++) {
    const conn = master.newConnection("again", "127.0.0.1", slave.port);
    await conn.connect();
    await Promise.all([conn.disconnect(), slave.tell("GET", "/heartbeat")]);
    expect(master.has("again")).toBe(false);
  }
});
