import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../../support/ding.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const GUARD = join(ROOT, "test/support/guard.ts");
const SERVICE = join(ROOT, "src/core/service.ts");

/** What each test leaves open, and what the guard then says. */
const LEFTOVERS: [name: string, body: string, said: RegExp][] = [
  [
    "a service",
    `class Lamp extends Service { async onStart() {} }; await new Lamp().start();`,
    /Test left open: service Lamp \(running\)/,
  ],
  ["a child", `spawn("sleep", ["3"]).unref();`, /left open: child process \d+ \(sleep 3\)/],
  [
    "a listening socket",
    `Bun.serve({ port: 0, fetch: () => new Response("") }).unref();`,
    /left open: listening socket on port \d+/,
  ],
  [
    "a timer",
    `setInterval(() => {}, 60_000);`,
    /left open: setInterval of 60000 ms .*left\.test\.ts/,
  ],
];

test.each(LEFTOVERS)(
  "guard fails a test that leaves %s open, and no other",
  async (_, body, said) => {
    await using folder = await tempFolder();
    await folder.write("bunfig.toml", `[test]\npreload = [${JSON.stringify(GUARD)}]\n`);
    const file = await folder.write(
      "left.test.ts",
      `import { beforeAll, afterAll, test } from "bun:test";
     import { spawn } from "node:child_process";
     import { Service } from ${JSON.stringify(SERVICE)};
     let held;
     beforeAll(() => { held = setInterval(() => {}, 60_000); });
     afterAll(() => clearInterval(held));
     test("tidy", async () => { setTimeout(() => {}, 1); using server = Bun.serve({ port: 0, fetch: () => new Response("") }); });
     test("untidy", async () => { ${body} });
     test("tidy after all", () => {});`,
    );
    const env = { ...process.env, TEST_GUARD_GRACE_MS: "100" };
    const child = spawn(process.execPath, ["test", file], { cwd: folder.path, env, stdio: "pipe" });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stdout.resume();
    await new Promise((resolve) => child.once("close", resolve));
    expect(output).toMatch(said);
    expect(output).toMatch(/\(pass\) tidy \[/);
    expect(output).toMatch(/\(fail\) untidy/);
    expect(output).toMatch(/\(pass\) tidy after all/);
  },
  20_000,
);
