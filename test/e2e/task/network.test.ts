import { afterAll, beforeAll, expect } from "bun:test";
import { chmod, copyFile } from "node:fs/promises";
import {
  makeNetwork,
  netnsTools,
  type Host,
  type Network,
} from "../../../scripts/test-services/netns.ts";
import { spawnDing, type RunningDing } from "../../support/ding.ts";
import { testNeeding } from "../../support/needs.ts";
import { binaryPath } from "../../support/runtimes.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 60_000 };
/** Node 0 counts; node 1 tells when it has missed or repeated one, and every hundredth. */
const MAIN = `export async function main(root) {
  await using task = root.start();
  const { nodeId } = task.router;
  for (const change of ["crash", "join"]) {
    task.on("peer:" + change, (peer) => console.log(\`\${nodeId} hears \${change} \${peer.nodeId}\`));
  }
  let next = 0;
  task.on("count", (count) => {
    if (count !== next) console.log(\`\${nodeId} expects \${next}, not \${count}\`);
    next = count + 1;
    if (next % 100 === 0) console.log(\`\${nodeId} has \${next}\`);
  });
  task.use(async (ctx) => {
    if (nodeId === 0) await task.emit("count", [ctx.totalStep], { onlyRemote: true });
    await new Promise((resolve) => setTimeout(resolve, 2));
  });
  await task.run();
  console.log(\`node \${nodeId} ends\`);
}
`;

const missing = await netnsTools();
const test = testNeeding(missing);

let network: Network;
let folder: TempFolder;
let token: string;

if (missing === undefined) {
  beforeAll(async () => {
    network = await makeNetwork(2);
    folder = await tempFolder();
    await copyFile(binaryPath(), folder.file("ding"));
    await folder.write("main.ts", MAIN);
    token = await folder.write("token", "correct-horse-battery-staple\n");
    await chmod(token, 0o600);
  }, 120_000);
  afterAll(async () => {
    await network[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
}

function start({ prefix, address }: Host, ...args: string[]): RunningDing {
  const common = ["--token-file", token, "--tolerance-ms", "3000", "--heartbeat-ms", "100"];
  const own = ["--address", address, "--expect-nodes", "2", ...common, ...args];
  return spawnDing(["task", "--main", "main.ts", ...own], {
    program: folder.file("ding"),
    prefix: [...prefix, "env", "-i"],
    cwd: folder.path,
  });
}

test("ding task: two hosts that are cut apart hear of each other's crash, join again when it is healed, and lose nothing", async () => {
  const [here, there] = network.hosts as [Host, Host];
  await using first = start(here, "--node-ids", "0");
  await using second = start(
    there,
    "--node-ids",
    "1",
    "--attach-to",
    `tcp://${here.address}:50515`,
  );
  const told = ({ stdout }: RunningDing, text: string): number =>
    stdout.split(`${text}\n`).length - 1;
  const latest = (): number => Number(second.stdout.match(/has (\d+)\n(?!.*has )/s)?.[1] ?? 0);
  await until(() => latest() >= 100, PATIENT);
  await there.cut();
  const isCut = (): boolean =>
    told(first, "0 hears crash 1") === 1 && told(second, "1 hears crash 0") === 1;
  await until(isCut, PATIENT);
  const before = latest();
  await there.restore();
  const isBack = (): boolean =>
    told(first, "0 hears join 1") === 2 && told(second, "1 hears join 0") === 2;
  await until(isBack, PATIENT);
  await until(() => latest() >= before + 300, PATIENT);
  expect(second.stdout).not.toContain("expects");
  first.kill("SIGTERM");
  const [{ code }, { code: other, stdout }] = await Promise.all([
    first.waitForExit(),
    second.waitForExit(),
  ]);
  expect([code, other, stdout.includes("node 1 ends")]).toEqual([0, 0, true]);
});
