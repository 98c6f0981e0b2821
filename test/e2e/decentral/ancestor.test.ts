import { expect } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RedisHandler } from "../../../src/broker/redis/list/redis-handler.ts";
import { spawnDing } from "../../support/ding.ts";
import { decentral, statusOf } from "../../support/fleet-process.ts";
import { freePort } from "../../support/free-port.ts";
import { testNeeding } from "../../support/needs.ts";
import { redisMissing, redisServer } from "../../support/redis-server.ts";
import { modelFixture, startServe } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** The program of worker-as-service's documentation, line for line. */
const PROGRAM = `import { WKRWorker, WKRClient, RedisHandler } from "ding";

export class ProcessingModel extends WKRWorker {
  // Create connection to service
  get_model(ip, port, port_out) {
    const REDIS_IP = "127.0.0.1";
    const REDIS_PORT = Number(process.env.REDIS_PORT);
    const REDIS_PASS = null;
    const QUEUE_KEY = "EXAMPLE_QUEUE";
    const redis_client = new RedisHandler(QUEUE_KEY, REDIS_IP, REDIS_PORT, { password: REDIS_PASS });
    return [new WKRClient({ ip, port, portOut: port_out, ignoreAllChecks: true }), redis_client];
  }

  // Do the work loop, just 1 job at a time for efficiency
  async do_work(model, logger) {
    const [client, redis_client] = model;
    let input;
    try {
      // Step 1: get data, ex: from redis
      input = await redis_client.pop();
      if (input !== undefined) {
        // Step 2: model.encode
        const result = await client.encode(input);
        // Step 3: push result
        const status = await fetch(process.env.PUSH_API, { method: "POST", body: JSON.stringify(result) });
        if (status.status !== 200) throw new Error("Push result failed");
        logger.info(\`DONE job with input: \${JSON.stringify(input)}\`);
      } else {
        await logger.sleep(500);
      }
    } catch (e) {
      throw new Error(\`\${e}\\nTHIS IS CUSTOM EXCEPTION for input: \${JSON.stringify(input)}\`);
    }
  }

  // close model connection to service
  async off_model(model) {
    for (const connection of model) await connection.close();
    console.log("off");
  }
}
`;

testNeeding(redisMissing)(
  "the documentation's program works: Redis, two servers, an API",
  async () => {
    await using folder = await tempFolder();
    await using redis = await redisServer();
    await folder.write("decentralize.ts", PROGRAM);
    const results: number[] = [];
    const api = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const result = JSON.parse(body) as number;
        if (result === 13) response.statusCode = 500;
        else results.push(result);
        response.end();
      });
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    try {
      const args = ["--plugin", modelFixture("jobs.ts")];
      await using one = await startServe(args);
      await using two = await startServe(args);
      await using queue = new RedisHandler("EXAMPLE_QUEUE", "127.0.0.1", redis.port);
      for (let n = 0; n < 40; n++) await queue.push({ echo: n });
      const port = await freePort();
      const words =
        `decentral decentralize.ProcessingModel -port ${port} -num_client 4 ` +
        `-remote_servers [[127.0.0.1, ${one.port}, 1], [127.0.0.1, ${two.port}, 1]]`;
      const apiPort = (api.address() as AddressInfo).port;
      const env = { REDIS_PORT: `${redis.port}`, PUSH_API: `http://127.0.0.1:${apiPort}/` };
      const options = { runtime: "binary", cwd: folder.path, env } as const;
      await using fleet = spawnDing(words.split(" "), options);
      await fleet.ready();
      await until(() => results.length === 39, { what: "all results" });
      expect(results.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 13),
      );
      // The last result is told before what became of its job.
      const failed = async () =>
        (await statusOf({ url: `http://127.0.0.1:${port}` })).jobs["failed"];
      await until(async () => (await failed()) === 1, { what: "the job that failed, counted" });
      const custom = 'THIS IS CUSTOM EXCEPTION for input: {\\"echo\\":13}';
      await until(() => fleet.stderr.includes(custom), { what: "the exception in the log" });
      await decentral(["terminate", "-port", `${port}`]);
      const { code, stderr } = await fleet.waitForExit();
      expect(code).toBe(0);
      expect(stderr.match(/^off$/gm)).toHaveLength(8);
    } finally {
      await new Promise((resolve) => api.close(resolve));
    }
  },
);
