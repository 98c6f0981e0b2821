import { expect, test } from "bun:test";
import { Membership, type Candidate } from "../../../../src/task/mesh/membership.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function made(): { clock: FakeClock; members: Membership; changes: string[] } {
  const clock = new FakeClock();
  const changes: string[] = [];
  const members = new Membership({
    nodeId: 0,
    crashMs: 1_000,
    clock,
    onChange: (change, { nodeId, boot }) => changes.push(`${change} ${nodeId} ${boot}`),
  });
  return { clock, members, changes };
}

const node = (nodeId: number, boot = "a"): Candidate => ({ nodeId, boot, labels: new Set() });
const ids = (members: Membership): number[] => members.peers().map(({ nodeId }) => nodeId);

test("join() twice is once; leave() ends it", () => {
  const { members, changes } = made();
  members.join(node(2));
  members.join(node(1));
  members.join(node(1));
  expect(ids(members)).toEqual([1, 2]);
  members.leave(1, "a");
  members.leave(1, "a");
  expect([ids(members), changes]).toEqual([
    [2],
    ["peer:join 2 a", "peer:join 1 a", "peer:leave 1 a"],
  ]);
});

test("suspect() becomes a crash after the time, once; who is back before has only been away", () => {
  const { clock, members, changes } = made();
  members.join(node(1));
  members.suspect(1, "a");
  members.suspect(1, "a");
  expect([ids(members), members.has(1)]).toEqual([[], true]);
  clock.advance(999);
  members.join(node(1));
  clock.advance(1_000);
  expect(ids(members)).toEqual([1]);
  members.suspect(1, "a");
  clock.advance(1_000);
  expect([members.has(1), clock.pending]).toEqual([false, 0]);
  expect(changes).toEqual([
    "peer:join 1 a",
    "peer:suspect 1 a",
    "peer:join 1 a",
    "peer:suspect 1 a",
    "peer:crash 1 a",
  ]);
});

test("join() of another boot: the old one has crashed if it is a suspect, else the place is taken", () => {
  const { clock, members, changes } = made();
  members.join(node(1, "a"));
  expect(() => members.join(node(1, "b"))).toThrow("Cannot join the mesh as node 1");
  members.suspect(1, "a");
  members.join(node(1, "b"));
  members.suspect(1, "a");
  members.leave(1, "a");
  members.crash(1, "a");
  clock.advance(5_000);
  expect(ids(members)).toEqual([1]);
  expect(changes.slice(1)).toEqual(["peer:suspect 1 a", "peer:crash 1 a", "peer:join 1 b"]);
});

test("join() refuses the id of this node; crash() is told at once; disposal leaves no timer", () => {
  const { clock, members, changes } = made();
  expect(() => members.join(node(0))).toThrow("Cannot join the mesh as node 0");
  members.join(node(1));
  members.crash(1, "a");
  members.join(node(2));
  members.suspect(2, "a");
  members[Symbol.dispose]();
  expect(clock.pending).toBe(0);
  expect(changes).toEqual(["peer:join 1 a", "peer:crash 1 a", "peer:join 2 a", "peer:suspect 2 a"]);
});
