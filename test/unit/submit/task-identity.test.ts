import { expect, test } from "bun:test";
import { identityOf, newTaskId, taskIdentity } from "../../../src/master/submit/task-identity.ts";

test("taskIdentity() depends on the place and the data, not on the order of keys", () => {
  const identity = taskIdentity(3, { a: 1, b: [{ c: 2, d: null }] });
  expect(taskIdentity(3, { b: [{ d: null, c: 2 }], a: 1 })).toBe(identity);
  expect(taskIdentity(4, { a: 1, b: [{ c: 2, d: null }] })).not.toBe(identity);
  expect(taskIdentity(3, { a: 1, b: [{ c: 3, d: null }] })).not.toBe(identity);
  expect(taskIdentity(1, 1)).not.toBe(taskIdentity(11, ""));
});

test("newTaskId() is a UUID of version 8, another one each time, that leads back to the identity", () => {
  for (const data of [null, "", 0, [], { a: "é" }]) {
    const identity = taskIdentity(0, data);
    const [one, other] = [newTaskId(identity), newTaskId(identity)];
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(one).not.toBe(other);
    expect(identityOf(one)).toBe(identity);
    expect(identityOf(other)).toBe(identity);
  }
});

test("identityOf() knows ids that are not ours", () => {
  for (const id of ["", "x", crypto.randomUUID(), "00000000-0000-8000-0000-000000000000"]) {
    expect(identityOf(id)).toBeUndefined();
  }
});
