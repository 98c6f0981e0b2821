import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { ding, spawnDing } from "../../support/ding.ts";
import { decentral, statusOf } from "../../support/fleet-process.ts";
import { freePort } from "../../support/free-port.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const UNIT = `import { WKRClient, WKRWorker } from "ding";
export class ProcessingModel extends WKRWorker {
  get_model(ip, port, port_out) {
    console.log(\`get \${ip} \${port} \${port_out}\`);
    return [new WKRClient({ ip, port, portOut: port_out, ignoreAllChecks: true }), "queue"];
  }
  async do_work(model, logger) {
    const [client, queue] = model;
    logger.info(\`DONE job of \${queue} by \${client.identity.length}\`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  async off_model(model) {
    console.log("off");
    await model[0].close();
  }
}
`;

/** As a shell without quotes hands it over. */
const SERVERS = "[[10.40.34.16, 8068, 8069], [10.40.34.14, 8068, 8069]]";

test("the documentation's line works as it is written, and so does its client", async () => {
  await using folder = await tempFolder();
  await folder.write("decentralize.ts", UNIT);
  const [port, httpPort] = [await freePort(), await freePort()];
  const words =
    `decentral decentralize.ProcessingModel -port ${port} -port_out 21326 -http_port ${httpPort} ` +
    `-num_client 3 -remote_servers ${SERVERS} -log_dir logs`;
  await using fleet = spawnDing(words.split(" "), { runtime: "binary", cwd: folder.path });
  await fleet.ready();
  for (const at of [port, httpPort]) {
    const status = await statusOf({ url: `http://127.0.0.1:${at}` });
    expect(status).toMatchObject({
      number_client_per_server: 3,
      remote_servers: [
        ["10.40.34.16", 8068, 8069],
        ["10.40.34.14", 8068, 8069],
      ],
      groups: [{ group: "10.40.34.16:8068" }, { group: "10.40.34.14:8068" }],
    });
    expect(status.units).toHaveLength(6);
  }
  await decentral(["switch", "-port", `${port}`, "-num_client", "0", "-remote_servers", "n1:1"]);
  expect((await statusOf({ url: `http://127.0.0.1:${port}` })).units).toHaveLength(3);
  await decentral(["terminate", "-ip", "127.0.0.1", "-port", `${port}`, "-timeout", "20000"]);
  expect(await fleet.waitForExit()).toMatchObject({ code: 0 });
  const [file = ""] = readdirSync(folder.file("logs")).filter((name) => name.endsWith(".log"));
  const log = readFileSync(folder.file(`logs/${file}`), "utf8");
  expect(log).toContain("DONE job of queue by 36");
  expect(log.match(/"get 10\.40\.34\.1[46] 8068 8069"/g)).toHaveLength(6);
  expect(log.match(/"message":"off"/g)).toHaveLength(9);
});

const FAULTS: [string, string, string[], string][] = [
  [
    "a plugin without doWork",
    "export default class { getModel() {} }",
    [],
    "it has neither doWork nor work",
  ],
  ["a plugin with nothing to do", "export default { a: 1 }", [], "it has neither doWork nor work"],
  ["a plugin that does not parse", "export default {", [], 'Cannot load plugin "'],
  ["a plugin that is not there", "", ["--plugin", "./none.ts"], "no such file"],
  [
    "no queue's URL",
    "export default { work() {} }",
    ["--queue", "ftp://x"],
    "it is no queue's URL",
  ],
  [
    "a wrong server",
    "export default { work() {} }",
    ["--remote-servers", "n1"],
    "the port is missing",
  ],
  ["an open bracket", "export default { work() {} }", ["-remote_servers", "[[n1,"], "not closed"],
];
for (const [what, text, args, message] of FAULTS) {
  test(`${what} ends the start with a clear error`, async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write("unit.ts", text);
    const words = ["decentral", "start", "--port", "0", "--num-client", "1"];
    const own = args.includes("--plugin") ? args : ["--plugin", plugin, ...args];
    const { code, stderr } = await ding([...words, ...own], {
      runtime: "binary",
      cwd: folder.path,
    });
    expect(stderr).toContain(message);
    expect(code).toBe(args.length > 0 && !args.includes("--plugin") ? 2 : 1);
  });
}

test("a fleet without a plugin's name takes ./decentralize.ts, or says what to name", async () => {
  await using folder = await tempFolder();
  const words = ["decentral", "-num_client", "1", "-port", "0", "--json"];
  const options = { runtime: "binary", cwd: folder.path } as const;
  const { code, stderr } = await ding(words, options);
  expect([code, stderr]).toEqual([2, expect.stringContaining("no plugin is named")]);
  await folder.write("decentralize.ts", UNIT);
  await using fleet = spawnDing(words, options);
  expect((await fleet.ready()).facts).toMatchObject({ role: "decentral", units: 1 });
  expect(await fleet.stop()).toMatchObject({ code: 0 });
});

test("a bare start of a unit that is given jobs has them from ./jobs.db", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("unit.ts", "export default { work() {} }");
  const words = ["decentral", plugin, "--port", "0", "--num-client", "1", "--json"];
  await using fleet = spawnDing(words, { runtime: "binary", cwd: folder.path });
  expect((await fleet.ready()).facts).toMatchObject({ role: "decentral", units: 1 });
  await until(() => existsSync(folder.file("jobs.db")), { what: "the queue's file" });
  expect(await fleet.stop("SIGINT")).toMatchObject({ code: 0 });
});
