import { expect, test } from "bun:test";
import type { FeedQuery } from "../../../src/dashboard/dashboard.ts";
import { isDashboardShell, mountDashboard } from "../../../src/dashboard/mount.ts";
import { createApp } from "../../../src/http/app.ts";
import { listenHttp, type ListeningApp } from "../../../src/http/listen.ts";

const EMPTY = {
  boot: "b",
  nowMs: 2_000,
  startedMs: 1_000,
  state: "ready",
  scopes: [],
  values: { rate: 1 },
  history: { columns: [], atMs: [], values: [] },
  bars: {},
  tables: {},
  events: [],
};

async function serve({
  token,
  asked = [],
}: {
  token?: string;
  asked?: FeedQuery[];
}): Promise<ListeningApp> {
  const app = createApp({
    health: { isLive: () => true, isReady: () => true },
    token,
    public: isDashboardShell,
  });
  mountDashboard(app, {
    title: "ding <test>",
    panels: [{ kind: "events", title: "Events", empty: "None." }],
    feed: (query) => {
      asked.push(query);
      return EMPTY;
    },
  });
  return await listenHttp(app, { host: "127.0.0.1", port: 0, token });
}

test("mountDashboard() serves a page that loads nothing from elsewhere", async () => {
  await using listening = await serve({});
  const page = await fetch(`${listening.url}/dashboard`);
  const html = await page.text();
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(html).toContain("<title>ding &#60;test&#62;</title>");
  const loaded = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, url]) => url as string);
  const own = loaded.filter((url) => !url.startsWith("data:"));
  expect(own.length).toBeGreaterThan(3);
  for (const path of own) {
    expect(path).toStartWith("/dashboard/assets/");
    expect((await fetch(`${listening.url}${path}`)).status).toBe(200);
  }
});

test("mountDashboard() serves every part that its parts import, and says what has not changed", async () => {
  await using listening = await serve({});
  const seen = new Set<string>();
  const load = async (name: string): Promise<void> => {
    if (seen.has(name)) return;
    seen.add(name);
    const url = `${listening.url}/dashboard/assets/${name}`;
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    const again = await fetch(url, {
      headers: { "If-None-Match": answer.headers.get("etag") ?? "" },
    });
    expect(again.status).toBe(304);
    const text = await answer.text();
    for (const [, part] of text.matchAll(/from "\.\/([^"]+)"/g)) await load(part as string);
  };
  await load("page.browser.js");
  await load("api.browser.js");
  expect(seen.size).toBeGreaterThan(8);
  expect((await fetch(`${listening.url}/dashboard/assets/nothing.js`)).status).toBe(404);
  expect((await fetch(`${listening.url}/dashboard/assets/..%2Fmount.ts`)).status).toBe(404);
});

test("mountDashboard() asks the role for what the page asks, and leads there from /", async () => {
  const asked: FeedQuery[] = [];
  await using listening = await serve({ asked });
  const fed = await fetch(`${listening.url}/dashboard/feed?since=5&scope=a%401`);
  expect(await fed.json()).toEqual(EMPTY);
  expect(fed.headers.get("cache-control")).toBe("no-store");
  await fetch(`${listening.url}/dashboard/feed`);
  expect(asked).toEqual([
    { sinceMs: 5, scope: "a@1" },
    { sinceMs: undefined, scope: "" },
  ]);
  const wrong = await fetch(`${listening.url}/dashboard/feed?since=yesterday`);
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain('since: \\"yesterday\\" is no number');
  const root = await fetch(`${listening.url}/`, { redirect: "manual" });
  expect([root.status, root.headers.get("location")]).toEqual([302, "/dashboard"]);
});

test("mountDashboard() shows no data without the token, and the shell to everybody", async () => {
  const token = "a-token-of-the-test";
  await using listening = await serve({ token });
  const status = async (path: string, headers = {}): Promise<number> =>
    (await fetch(`${listening.url}${path}`, { headers, redirect: "manual" })).status;
  expect(await status("/dashboard")).toBe(200);
  expect(await status("/dashboard/panels")).toBe(200);
  expect(await status("/dashboard/assets/page.css")).toBe(200);
  expect(await status("/")).toBe(302);
  expect(await status("/dashboard/feed")).toBe(401);
  expect(await status("/dashboard/feed", { Authorization: "Bearer wrong" })).toBe(403);
  expect(await status("/dashboard/feed", { Authorization: `Bearer ${token}` })).toBe(200);
  expect(await status("/dashboard/other")).toBe(401);
});
