import { afterAll, beforeAll, expect, test } from "bun:test";
import { request } from "node:http";
import { connect } from "node:net";
import { startSlave, CHANNEL, type StartedSlave, statusOf } from "../support/slave.ts";
import { submit } from "../support/submit.ts";

const JSON_TYPE = "application/json";
const MSGPACK = "application/msgpack";
const LIMIT_BYTES = 64 * 1024 * 1024;
const ID = "7a1e7a3c-7d5e-4c50-9b1a-0d5c6a5c9f10";
const MASTER = { master: { address: "http://127.0.0.1:9" } };

let slave: StartedSlave;
beforeAll(async () => {
  slave = await startSlave();
});
afterAll(async () => {
  await slave[Symbol.asyncDispose]();
});

interface Fault {
  name: string;
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: unknown;
  status: number;
  /** The code of the interaction API; 1 where that has none. */
  code: number;
  says: string;
  allow?: string;
}

const FAULTS: Fault[] = [
  {
    name: "no channel",
    headers: { Channel: "" },
    status: 400,
    code: 201,
    says: "Channel not found",
  },
  { name: "another channel", headers: { Channel: "5" }, status: 403, code: 202, says: "Channel" },
  {
    name: "a channel that is no number",
    headers: { Channel: "x" },
    status: 403,
    code: 202,
    says: "Channel",
  },
  { name: "no token", headers: { Token: "" }, status: 400, code: 301, says: "token not found" },
  {
    name: "a token that no master has",
    path: "/task/new",
    body: { task: { id: ID } },
    status: 403,
    code: 302,
    says: "token is not valid",
  },
  {
    name: "a broken body",
    body: '{"master": {',
    status: 400,
    code: 1,
    says: "Cannot read body as JSON",
  },
  {
    name: "a body that is no text",
    body: Buffer.of(0xff, 0xfe, 0x00),
    status: 400,
    code: 1,
    says: "Cannot read body",
  },
  {
    name: "a broken msgpack body",
    headers: { "Content-Type": MSGPACK },
    body: Buffer.of(0x93, 0x01),
    status: 400,
    code: 1,
    says: "Cannot read body as msgpack",
  },
  {
    name: "msgpack that promises more than there is",
    headers: { "Content-Type": MSGPACK },
    body: Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff),
    status: 400,
    code: 1,
    says: "Cannot read body as msgpack",
  },
  {
    name: "a body without what is needed",
    body: { master: {} },
    status: 400,
    code: 1,
    says: "master.address",
  },
  { name: "no body", body: "", status: 400, code: 1, says: "" },
  {
    name: "an address that is none",
    body: { master: { address: "file:///etc/passwd" } },
    status: 400,
    code: 1,
    says: "master.address",
  },
  {
    name: "results that would go to a stranger",
    body: { master: { address: "http://10.1.2.3:80" } },
    status: 403,
    code: 1,
    says: "Cannot send results to 10.1.2.3",
  },
  { name: "an unknown route", path: "/nope", status: 404, code: 1, says: "no such route" },
  {
    name: "a wrong method",
    method: "GET",
    path: "/task/new",
    status: 405,
    code: 1,
    says: "wrong method",
    allow: "POST",
  },
  {
    name: "a wrong method of a status",
    method: "PUT",
    path: "/status",
    status: 405,
    code: 1,
    says: "wrong method",
    allow: "HEAD, GET",
  },
  {
    name: "a task that is not here",
    method: "DELETE",
    path: `/tasks/${ID}`,
    status: 404,
    code: 1,
    says: "not here",
  },
  {
    name: "a session without an upgrade",
    method: "GET",
    path: "/session",
    status: 400,
    code: 1,
    says: "no WebSocket upgrade",
  },
  {
    name: "a stranger's wish to shut down",
    method: "DELETE",
    path: "/shutdown",
    status: 403,
    code: 402,
    says: "Self token",
  },
];

for (const { name, status, code, says, allow, ...rest } of FAULTS) {
  test(`ding slave answers ${name} with ${status}`, async () => {
    const answer = await send(rest);
    expect(answer.envelope).toMatchObject({ success: false, code });
    expect(answer.envelope.message).toContain(says);
    expect(answer.status).toBe(status);
    if (allow !== undefined) expect(answer.headers["allow"]).toBe(allow);
  });
}

test("ding slave answers an announced body of more than 64 MiB with 413, unread", async () => {
  const answer = await send({ headers: { "Content-Length": `${LIMIT_BYTES + 1}` }, body: "{" });
  expect(answer.status).toBe(413);
});

test("ding slave answers a body that turns out to be too long with 413, and keeps none of it", async () => {
  const chunk = Buffer.alloc(1024 * 1024, 0x20);
  const chunks = Array.from({ length: LIMIT_BYTES / chunk.length + 2 }, () => chunk);
  const answer = await send({ chunks });
  expect(answer.status).toBe(413);
  expect(answer.envelope.message).toContain(`longer than ${LIMIT_BYTES} bytes`);
});

test("ding slave closes a session that speaks nonsense, and takes the next", async () => {
  for (const nonsense of [Buffer.of(0xc1), Buffer.from("hello"), "text"]) {
    const socket = new WebSocket(`${slave.url.replace("http", "ws")}/session`);
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener("close", (event) => resolve(event.code));
    });
    socket.addEventListener("open", () => socket.send(nonsense));
    expect(await closed).toBeGreaterThan(0);
  }
});

test("ding slave survives what is no HTTP at all", async () => {
  const { port } = slave;
  const socket = connect(port, "127.0.0.1", () => socket.write("\0\0\0 nonsense\r\n\r\n"));
  socket.on("error", () => {}).resume();
  await new Promise((resolve) => socket.once("close", resolve));
});

test("ding slave still works after all of that, and logged no bug", async () => {
  const { lines, code } = await submit([{ add: [2, 3] }], { slaves: [slave] });
  expect(lines).toMatchObject([{ status: "COMPLETED", result: { sum: 5 } }]);
  expect(code).toBe(0);
  expect((await statusOf(slave)).master).toBeNull();
  expect(slave.stderr).not.toContain('"level":"error"');
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  envelope: { success?: boolean; code?: number; message?: string };
}

/** A POST /connect of a DI-engine master, except for what is said otherwise. */
function send({
  method = "POST",
  path = "/connect",
  headers = {},
  body = MASTER,
  chunks = [],
}: Pick<Fault, "method" | "path" | "headers" | "body"> & { chunks?: Buffer[] }): Promise<Answer> {
  const bytes =
    typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  // Said by name: without it Bun sends the body of a DELETE and no word of its length.
  const length = chunks.length > 0 || method === "GET" ? "" : `${Buffer.byteLength(bytes)}`;
  const standard = { Channel: CHANNEL, Token: "t", "Content-Type": JSON_TYPE };
  const all = Object.entries({ ...standard, "Content-Length": length, ...headers });
  const given = Object.fromEntries(all.filter(([, value]) => value !== ""));
  return new Promise((resolve, reject) => {
    const sent = request(`${slave.url}${path}`, { method, headers: given }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => {
        sent.destroy();
        const { statusCode: status = 0, headers: got } = response;
        resolve({
          status,
          headers: got,
          envelope: text.startsWith("{") ? JSON.parse(text) : { message: text },
        });
      });
    });
    sent.once("error", reject);
    for (const chunk of chunks) sent.write(chunk);
    if (method === "GET" || chunks.length > 0) sent.end();
    else if (headers["Content-Length"] === undefined) sent.end(bytes);
    else sent.write(bytes); // the rest never comes
  });
}
