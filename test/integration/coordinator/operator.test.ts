import { expect, test } from "bun:test";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { lineCollector, lineLearner } from "../../support/coordinator-workers.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 30_000 };

interface Asked {
  method: string;
  path: string;
  body: unknown;
}

/** An operator's server as the ancestor's tests have it: lists what it is told to, and notes what it is asked. */
function fakeOperator(list: () => unknown): {
  port: number;
  asked: Asked[];
  stop: () => Promise<void>;
} {
  const asked: Asked[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const text = await request.text();
      asked.push({
        method: request.method,
        path: `${pathname}${search}`,
        body: text ? JSON.parse(text) : null,
      });
      return Response.json({ success: true, code: 0, message: "", data: list() });
    },
  });
  return { port: server.port ?? 0, asked, stop: () => server.stop(true) };
}

test.each(["v1alpha1", "v2alpha1"] as const)(
  "a coordinator follows an operator's server in %s: orders, dials, lets go of",
  async (apiVersion) => {
    await using folder = await tempFolder();
    await using collector = await joinWorker(lineCollector(), { name: "pod" });
    await using learner = await joinWorker(lineLearner(), { name: "pod" });
    const listed = { collectors: [collector.address], learners: [learner.address] };
    const operator = fakeOperator(() => listed);
    const config = lineRun({ evalInterval: 1_000 });
    config.system = {
      coordinator: {
        operatorServer: {
          systemAddr: `127.0.0.1:${operator.port}`,
          apiVersion,
          namespace: "ns",
          name: "job",
          initReplicasRequest: { collectors: { replicas: 1, cpu: "2" }, learners: { replicas: 1 } },
          collectorTargetNum: 1,
          learnerTargetNum: 1,
          syncInterval: 0.05,
        },
      },
    };
    await using coordinator = await startCoordinator(folder.path, { config });
    try {
      await until(() => coordinator.facts().counters.learnerStep > 3, PATIENT);
      const [order, look] = operator.asked;
      const base =
        apiVersion === "v1alpha1" ? "/v1alpha1/replicas" : "/v2alpha1/job/ns.job/replicas";
      expect(order).toMatchObject({ method: "POST", path: base });
      const collectors = { replicas: 1, cpu: "2" };
      const wish = { collectors, learners: { replicas: 1 } };
      expect(order?.body).toEqual(
        apiVersion === "v1alpha1"
          ? { namespace: "ns", coordinator: "job", ...wish }
          : { replicas: 2, ...wish },
      );
      const query = apiVersion === "v1alpha1" ? "?namespace=ns&coordinator=job" : "";
      expect(look).toMatchObject({ method: "GET", path: `${base}${query}` });
      // What is not listed any more finishes, and is let go of.
      listed.collectors = [];
      await until(() => coordinator.facts().workers.length === 1, PATIENT);
      expect(coordinator.facts().counters.failures).toBe(0);
      await until(() => collector.status().master === null, PATIENT);
      // Who wants more through the coordinator, gets them from the operator.
      await fetch(`${coordinator.url}${base}`, {
        method: "POST",
        body: JSON.stringify({ collectors: { replicas: 2 } }),
      });
      const last = operator.asked.findLast(({ method }) => method === "POST");
      expect(last?.body).toMatchObject({ collectors: { replicas: 2 } });
    } finally {
      await operator.stop();
    }
  },
);

test.each(["/v1alpha1/replicas", "/v2alpha1/job/ns.job/replicas"])(
  "%s lists workers, adds them by name, lets go of them, hears of failed ones",
  async (path) => {
    await using folder = await tempFolder();
    await using coordinator = await startCoordinator(folder.path);
    await using one = await joinWorker(lineCollector(), { name: "c1" });
    await using two = await joinWorker(lineCollector(), { name: "c2" });
    await using learner = await joinWorker(lineLearner(), {
      name: "l1",
      join: [coordinator.address],
    });
    const ask = async (
      method: string,
      body?: object,
      more = "",
    ): Promise<{ collectors: string[]; learners: string[] }> => {
      const response = await fetch(`${coordinator.url}${path}${more}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
      });
      const envelope = (await response.json()) as { success: boolean; code: number; data: never };
      expect([response.status, envelope.success, envelope.code]).toEqual([200, true, 0]);
      return envelope.data;
    };
    await ask("POST", { collectors: [one.address, two.address] });
    const count = () =>
      coordinator
        .facts()
        .workers.filter(({ role, state }) => role === "collector" && state === "busy").length;
    await until(() => count() === 2, PATIENT);
    await until(() => coordinator.facts().workers.some(({ role }) => role === "learner"), PATIENT);
    const { collectors, learners } = await ask("GET");
    expect(collectors.toSorted()).toEqual([one.address, two.address].toSorted());
    expect(learners).toEqual(["l1"]);
    // One that has failed is dialled again, as it is still wanted.
    await ask("POST", { collectors: [one.address] }, "/failed");
    await until(() => count() === 2, PATIENT);
    expect(coordinator.facts().counters.failures).toBeGreaterThan(0);
    // By its pod, which is what stands before the port, without the last label.
    const { failures } = coordinator.facts().counters;
    await ask("POST", { learners: ["127.0.0"], collectors: ["127.0.0"] }, "/failed");
    await until(() => coordinator.facts().counters.failures > failures, PATIENT);
    await until(() => count() === 2, PATIENT);
    // What is let go of is not listed, while it still finishes its episode.
    const left = await ask("DELETE", { collectors: [two.address] });
    expect(left.collectors).toEqual([one.address]);
    await until(() => two.status().master === null, PATIENT);
    await ask("DELETE", { replicas: 1 });
    await until(() => one.status().master === null, PATIENT);
    await until(async () => (await ask("GET")).collectors.length === 0, PATIENT);
    expect(learner.status().master).not.toBeNull();
    const bad = await fetch(`${coordinator.url}${path}`, { method: "POST", body: "{}" });
    expect(bad.status).toBe(400);
  },
);
