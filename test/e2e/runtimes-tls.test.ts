import { expect } from "bun:test";
import { join } from "node:path";
import { onEachRuntime } from "../support/each-runtime.ts";
import { ROOT } from "../support/runtimes.ts";
import { JOBS, startSlave } from "../support/slave.ts";
import { submit } from "../support/submit.ts";

const file = (name: string): string => join(ROOT, "test/integration/http/tls", name);
const [ca, client] = [file("ca.pem"), file("client.pem")];
const CERTIFIED = [`--tls-cert=${file("server.pem")}`, `--tls-key=${file("server.key")}`];
const SOON = "--connect-timeout-ms=500";

onEachRuntime([
  {
    name: "a slave with a certificate is reached by those who trust it, and by nobody else",
    async run(runtime) {
      await using slave = await startSlave(JOBS, CERTIFIED, { runtime });
      expect(slave.url).toBe(`https://${slave.address}`);
      const task = [{ add: [2, 3] }];
      const trusting = await submit(
        task,
        { slaves: [slave], args: [`--tls-ca=${ca}`] },
        { runtime },
      );
      expect(trusting.lines).toMatchObject([{ status: "COMPLETED", result: { sum: 5 } }]);
      expect(trusting.code).toBe(0);
      for (const args of [[SOON], [SOON, `--tls-ca=${client}`]]) {
        const { code, stdout } = await submit(task, { slaves: [slave], args }, { runtime });
        expect([code, stdout]).toEqual([5, ""]);
      }
    },
  },
  {
    name: "a slave that asks for certificates lets in who has one",
    omit: { deno: "its server does not ask for certificates" },
    async run(runtime) {
      await using slave = await startSlave(JOBS, [...CERTIFIED, `--tls-ca=${ca}`], { runtime });
      const task = [{ add: [2, 3] }];
      const shown = [`--tls-ca=${ca}`, `--tls-cert=${client}`, `--tls-key=${file("client.key")}`];
      expect((await submit(task, { slaves: [slave], args: shown }, { runtime })).code).toBe(0);
      const args = [SOON, `--tls-ca=${ca}`];
      expect((await submit(task, { slaves: [slave], args }, { runtime })).code).toBe(5);
    },
  },
]);
