import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "bun:test";
import { FakeModels } from "../../../support/fake-models.ts";
import { JSON_TYPE, post, startWkr, type Told } from "./wkr-server.ts";

const IMAGE = Uint8Array.of(0xff, 0xd8, 1, 2, 3);

/** Somebody's web server. */
async function startSite(
  answer: RequestListener,
): Promise<{ host: string; url: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ask = (server: { url: string }, url: string): Promise<Told> =>
  post(`${server.url}/encode_img_url`, {
    headers: JSON_TYPE,
    body: JSON.stringify({ img_url: url }),
  });

const length = (item: unknown): number => (item as Uint8Array).length;

test("POST /encode_img_url is closed with 403 unless the operator allows hosts, and nobody is asked", async () => {
  await using site = await startSite((_, response) => response.end(IMAGE));
  await using server = await startWkr({ model: length });
  const { status, body } = await ask(server, `${site.url}/cat.jpg`);
  expect([status, body["error_code"]]).toEqual([403, 1]);
  expect(body["error_message"]).toContain("--allow-fetch");
  expect(site.asked).toEqual([]);
});

test("POST /encode_img_url that is closed reads no body first", async () => {
  await using server = await startWkr({ model: length }, { bodyLimitBytes: 10 });
  expect((await ask(server, "http://127.0.0.1/cat.jpg")).status).toBe(403);
});

test("POST /encode_img_url fetches from an allowed host and gives the bytes to the model", async () => {
  await using site = await startSite((_, response) => response.end(IMAGE));
  const models = new FakeModels({ model: length });
  for (const fetchHosts of [["127.0.0.1"], [site.host]]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await using server = await startWkr(models, { fetchHosts });
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await ask(server, `${site.url}/cat.jpg`);
    expect([status, body["data"]]).toEqual([200, IMAGE.length]);
  }
  expect(site.asked).toEqual(["/cat.jpg", "/cat.jpg"]);
});

test("POST /encode_img_url asks no other host, nor another port than the one that is allowed", async () => {
  await using site = await startSite((_, response) => response.end(IMAGE));
  const models = new FakeModels({ model: length });
  await using server = await startWkr(models, { fetchHosts: ["127.0.0.1:1", "example.com"] });
  const hostless = ["file:///etc/passwd", "ftp://example.com/a", "cat.jpg", "http://"];
  const elsewhere = [
    site.url,
    site.url.replace("127.0.0.1", "localhost"),
    "http://example.com.evil.test/",
    "http://user:secret@example.com/",
    "http://[::1]/",
    "http://2130706433/",
  ];
  const statuses = async (urls: string[]): Promise<number[]> =>
    (await Promise.all(urls.map((url) => ask(server, url)))).map(({ status }) => status);
  expect(new Set(await statuses(hostless))).toEqual(new Set([400]));
  expect(new Set(await statuses(elsewhere))).toEqual(new Set([403]));
  expect(site.asked).toEqual([]);
  expect(models.requests).toHaveLength(0);
});

test("POST /encode_img_url follows redirects on allowed hosts, and to no other", async () => {
  await using secret = await startSite((_, response) => response.end("secret"));
  await using site = await startSite((request, response) => {
    if (request.url === "/cat.jpg") return response.end(IMAGE);
    const targets: Record<string, string> = {
      "/here": "/cat.jpg",
      "/away": `${secret.url}/secret`,
      "/round": "/round",
    };
    response.writeHead(302, { Location: targets[request.url ?? ""] ?? "/" }).end();
  });
  await using server = await startWkr({ model: length }, { fetchHosts: [site.host] });
  expect((await ask(server, `${site.url}/here`)).body["data"]).toBe(IMAGE.length);
  expect((await ask(server, `${site.url}/away`)).status).toBe(403);
  expect((await ask(server, `${site.url}/round`)).status).toBe(400);
  expect(secret.asked).toEqual([]);
});

test("POST /encode_img_url says what went wrong: no image, too long, too slow, nobody there", async () => {
  await using site = await startSite((request, response) => {
    if (request.url === "/missing") response.writeHead(404).end("no");
    else if (request.url === "/empty") response.end();
    else if (request.url === "/long") response.end(new Uint8Array(5_000));
    // "/slow" hears nothing.
  });
  const bounds = { fetchHosts: ["127.0.0.1"], bodyLimitBytes: 1_000 };
  await using server = await startWkr({ model: length }, bounds);
  await using impatient = await startWkr({ model: length }, { ...bounds, fetchTimeoutMs: 300 });
  const told = async (url: string, of = server): Promise<unknown[]> => {
    const { status, body } = await ask(of, url);
    return [status, body["error_code"], body["error_message"]];
  };
  const says = (why: string): unknown => expect.stringContaining(why);
  expect(await told(`${site.url}/missing`)).toEqual([400, 1, says(`${site.host} answered 404`)]);
  expect(await told(`${site.url}/empty`)).toEqual([400, 1, says("it is empty")]);
  expect(await told(`${site.url}/long`)).toEqual([502, 1, says("1000")]);
  const late = expect.stringMatching(/within \d+ ms$/);
  expect(await told(`${site.url}/slow`, impatient)).toEqual([504, 1, late]);
  expect(await told("http://127.0.0.1:1/")).toEqual([502, 1, says("127.0.0.1:1")]);
});
