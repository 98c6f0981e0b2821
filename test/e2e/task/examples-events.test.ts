import { expect, test } from "bun:test";
import { ding } from "../../support/ding.ts";

const GREETINGS = Array.from({ length: 10 }, (_, count) => `Get msg: Hi ${count} times\n`).join("");
const OPTIONS = { runtime: "binary", timeoutMs: 60_000 } as const;

test("examples/events greets in one process and in two, through the binary", async () => {
  const main = (name: string): string[] => ["task", "--main", `examples/events/${name}.ts`];
  const one = await ding(main("one-process"), OPTIONS);
  expect([one.code, one.stdout]).toEqual([0, GREETINGS]);
  const two = [...main("two-processes"), "--parallel-workers", "2", "--topology", "mesh"];
  const both = await ding([...two, "--protocol", "ipc"], OPTIONS);
  expect([both.code, both.stdout]).toEqual([0, GREETINGS]);
});

test("ding task --help begins with examples, and names every option of the ancestor", async () => {
  const { code, stdout } = await ding(["task", "--help"], OPTIONS);
  expect(code).toBe(0);
  const flags = "package main parallel-workers protocol ports attach-to address labels node-ids";
  const others = "topology platform platform-spec mq-type redis-host redis-port startup-interval";
  const own = "local-rank version help auto-recover max-retries mq-url";
  for (const flag of `${flags} ${others} ${own}`.split(" ")) expect(stdout).toContain(`--${flag}`);
  const first = stdout.indexOf("ding task --main ./main.ts");
  expect(first).toBeGreaterThan(-1);
  expect(first).toBeLessThan(stdout.indexOf("--parallel-workers N"));
});
