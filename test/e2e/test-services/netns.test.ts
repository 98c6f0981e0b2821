import { expect } from "bun:test";
import { makeNetwork, netnsTools } from "../../../scripts/test-services/netns.ts";
import { runCommand } from "../../../scripts/test-services/run-command.ts";
import { testNeeding } from "../../support/needs.ts";
import { until } from "../../support/until.ts";

const SERVE = `
  const server = Bun.serve({ hostname: "0.0.0.0", port: 7000, fetch: () => new Response("hello") });
  console.log("up");
`;
const ASK = `
  const answer = await fetch(process.argv[1], { signal: AbortSignal.timeout(1_000) });
  process.stdout.write(await answer.text());
`;

testNeeding(await netnsTools())(
  "makeNetwork() joins hosts, cuts and restores a cable, and leaves nothing behind",
  async () => {
    const names: string[] = [];
    {
      await using network = await makeNetwork(2);
      const [server, client] = network.hosts;
      names.push(server!.name, client!.name);
      const child = server!.spawn([process.execPath, "-e", SERVE], { stdio: "pipe" });
      const url = `http://${server!.address}:7000/`;
      const ask = async (): Promise<string> =>
        (await client!.run([process.execPath, "-e", ASK, url])).stdout;

      await until(async () => (await ask()) === "hello", { what: "the first answer" });
      await server!.cut();
      expect(await ask()).toBe("");
      await server!.restore();
      await until(async () => (await ask()) === "hello", { what: "an answer after the cut" });
      expect(child.exitCode).toBeNull();
    }
    const { stdout } = await runCommand(["ip", "netns", "list"]);
    for (const name of names) expect(stdout).not.toContain(name);
  },
  120_000,
);
