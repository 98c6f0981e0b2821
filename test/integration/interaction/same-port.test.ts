import { expect, test } from "bun:test";
import { connect, Gate, startMaster, startSlave } from "../../support/interaction.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";

test("another slave on the same port, other boot id: LOST, and the new one is not disturbed", async () => {
  const gate = new Gate();
  const first = await startSlave((_task, { signal }) => gate.pass(signal), { drainTimeoutMs: 0 });
  const { port } = first;
  await using proxy = await TcpProxy.open(port);
  await using master = await startMaster();
  const connection = await connect(master, proxy);
  const task = await connection.newTask().start();
  proxy.refuse();
  proxy.cut();
  await first.close();
  await using second = await startSlave(() => "second", { port });
  proxy.refuse(false);
  await task.join();
  expect(task.status).toBe("LOST");
  expect(second.status().master).toBeNull();
  await connection.connect();
  expect((await connection.newTask().start().join()).result).toBe("second");
});

test("something else on the same port: LOST at once, not after the tolerance", async () => {
  const first = await startSlave((_task, { signal }) => new Gate().pass(signal), {
    drainTimeoutMs: 0,
  });
  const { port } = first;
  await using proxy = await TcpProxy.open(port);
  await using master = await startMaster();
  const connection = await connect(master, proxy);
  const task = await connection.newTask().start();
  proxy.refuse();
  proxy.cut();
  await first.close();
  const web = Bun.serve({
    port,
    hostname: "127.0.0.1",
    fetch: () => new Response("", { status: 404 }),
  });
  try {
    proxy.refuse(false);
    await task.join({ timeoutMs: 3_000 });
    expect(task.status).toBe("LOST");
  } finally {
    await web.stop(true);
  }
});
