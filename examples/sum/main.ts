import assert from "node:assert/strict";
import { Master, TaskStatus } from "ding";
import { MySlave } from "./my-slave.ts";

class MyMaster extends Master {}

await using slave = new MySlave({ host: "127.0.0.1", port: 0, channel: 233 });
await slave.start(); // when this line is passed, all initialization is done

await using master = new MyMaster({ host: "127.0.0.1", port: 0, channel: 233 });
await master.start();
assert.equal(await master.ping(), true); // true if the master runs

{
  await using conn = master.newConnection("conn", "127.0.0.1", slave.port);
  await conn.connect(); // establish a connection to the slave

  assert.equal(conn.isConnected, true);
  assert.equal(master.has("conn"), true); // is the connection "conn" open in the master?
  assert.equal(master.get("conn"), conn); // one object, of course

  let task = conn.newTask({ a: 2, b: 3 }); // nothing has been sent yet
  await task.start().join(); // start the task and wait until it has ended
  assert.deepEqual(task.result, { sum: 5 });
  assert.equal(task.status, TaskStatus.COMPLETED);

  task = conn.newTask({ a: 2, bb: 3 }); // a task that cannot work
  await task.start().join();
  assert.deepEqual(task.result, { message: "ab not found" });
  assert.equal(task.status, TaskStatus.FAILED);

  let resultValue: unknown;
  task = conn.newTask({ a: 2, b: 3 }).onComplete((_data, result) => {
    resultValue = result;
  });
  await task.start().join();
  assert.deepEqual(resultValue, { sum: 5 }); // the callback has been called
}

assert.equal(master.has("conn"), false);
console.log("sum: all as documented");
