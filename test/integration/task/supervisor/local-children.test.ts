import { expect, test } from "bun:test";
import { Supervisor } from "../../../../src/task/supervisor/supervisor.ts";
import { Counting } from "./counting.ts";
import { thrownBy } from "../../../support/thrown-by.ts";

/** One with so many children in this process. */
async function supervisor(children: number): Promise<Supervisor> {
  const made = new Supervisor();
  for (let at = 0; at < children; at++) made.register(() => new Counting(`c${at}`));
  return await made.start();
}

test("recvAll() waits for no answer that cannot come: unknown, taken, waited for by somebody else", async () => {
  await using all = await supervisor(1);
  const noAnswer = {
    code: "usage.invalid-input",
    message: expect.stringContaining("Cannot receive: no answer comes to"),
  };
  const step = () => all.send({ procId: 0, method: "step", args: [1] });
  const stranger = { procId: 0, method: "step", args: [], reqId: "stranger" };
  expect(await thrownBy(all.recvAll([stranger]))).toMatchObject(noAnswer);
  const taken = step();
  await all.recvAll([taken]);
  expect(await thrownBy(all.recvAll([taken]))).toMatchObject(noAnswer);
  const claimed = all.send({ procId: 0, method: "later", args: [20] });
  const first = all.recvAll([claimed]);
  expect(await thrownBy(all.recvAll([claimed]))).toMatchObject(noAnswer);
  expect(await first).toMatchObject([{ data: "later" }]);
  const adding = all.recvAll([step()], {
    callback: (_answer, remaining) => void remaining.set("stranger", stranger),
  });
  expect(await thrownBy(adding)).toMatchObject(noAnswer);
});

test("send() refuses an id that is under way; it may be used again when its answer has been received", async () => {
  await using all = await supervisor(2);
  const send = (procId: number) => all.send({ procId, method: "step", args: [1], reqId: "mine" });
  const first = send(0);
  expect(() => send(1)).toThrow('Cannot send: there is a request "mine"');
  await all.recvAll([first]);
  expect(await all.recvAll([send(1)])).toMatchObject([{ procId: 1, data: "c1 1" }]);
  // What was refused for another reason has not been sent.
  expect(() => send(7)).toThrow("there is none");
  send(0);
});

test("restart() several times at once makes one child; one that cannot be made fails what waits", async () => {
  let made = 0;
  let isIll = false;
  await using all = new Supervisor();
  all.register(() => {
    if (isIll) throw new Error("I cannot be");
    made += 1;
    return new Counting("x");
  });
  await all.start();
  await Promise.all([all.restart(0), all.restart(0), all.restart(0)]);
  expect(made).toBe(2);
  isIll = true;
  const restarted = all.restart(0);
  const waiting = all.send({ procId: 0, method: "step", args: [1] });
  expect(await thrownBy(restarted)).toMatchObject({ message: "I cannot be" });
  expect(await thrownBy(all.recvAll([waiting]))).toMatchObject({
    code: "worker.exited",
    message: "Cannot ask child 0: it cannot be made: I cannot be",
  });
  isIll = false;
  await all.restart(0);
  expect(await all.request(0, "step", 2)).toBe("x 2");
});

test("close() while a child is restarted leaves none", async () => {
  const ended: string[] = [];
  class Local extends Counting {
    close(): void {
      ended.push(this.name);
    }
  }
  const all = new Supervisor();
  all.register(() => new Local("here"));
  await all.start();
  const restarted = thrownBy(all.restart(0));
  await all.close();
  expect(await restarted).toMatchObject({ code: "service.stopping" });
  expect(await thrownBy(all.restart(0))).toMatchObject({ code: "service.stopping" });
});

test("a supervisor without children asks nobody; register() refuses memory that cannot be", async () => {
  await using none = await supervisor(0);
  expect(await none.broadcast("step", 1)).toEqual([]);
  for (const sharedBytes of [0, -1, 1.5, Infinity]) {
    const register = () => new Supervisor().register({ module: "./x.ts", sharedBytes });
    expect(register).toThrow(`Cannot use sharedBytes ${sharedBytes}`);
  }
});
