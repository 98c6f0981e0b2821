import { expect, test } from "bun:test";
import { podsOf, sizeOf, type SizeOptions } from "../../../commands/_dijob-size.ts";

const size = (given: Partial<SizeOptions>) => sizeOf({ name: "test", tasks: [], ...given });

test.each<[Partial<SizeOptions>, number, number]>([
  [{}, 1, 1],
  [{ replicas: 3 }, 3, 3],
  [{ minReplicas: 2 }, 2, 2],
  [{ maxReplicas: 4 }, 1, 4],
  [{ replicas: 2, maxReplicas: 4 }, 2, 4],
  [{ minReplicas: 2, replicas: 4 }, 2, 4],
])("sizeOf(%j) is from %p to %p pods", (given, minReplicas, maxReplicas) => {
  expect(size(given)).toEqual({ minReplicas, maxReplicas });
  expect(podsOf(size(given))).toBe(maxReplicas);
});

test("sizeOf() reads tasks, by words and by commas", () => {
  const read = size({ tasks: ["learner=1, collector:play=4", "none:helper-2=2"] });
  expect(read).toEqual({
    tasks: [
      { type: "learner", name: undefined, replicas: 1 },
      { type: "collector", name: "play", replicas: 4 },
      { type: "none", name: "helper-2", replicas: 2 },
    ],
  });
  expect(podsOf(read)).toBe(7);
});

test.each<[string, Partial<SizeOptions>]>([
  ["--min-replicas 3: --max-replicas is 2", { replicas: 3, maxReplicas: 2 }],
  ["--replicas with --tasks", { tasks: ["learner=1"], replicas: 2 }],
  ['two of "learner"', { tasks: ["learner=1,learner=2"] }],
  ['two of "learner"', { tasks: ["learner:a=1", "learner:b=2"] }],
  ['two of "learner"', { tasks: ["none:learner=1", "learner=2"] }],
  ['"none=1"', { tasks: ["none=1"] }],
  ['"none:a-=1"', { tasks: ["none:a-=1"] }],
  ['"actor=1"', { tasks: ["actor=1"] }],
  ['"learner=0"', { tasks: ["learner=0"] }],
  ["too long together", { name: "a".repeat(50), tasks: ["collector=1000"] }],
])("sizeOf() refuses what no DIJob can be: %s", (message, given) => {
  expect(() => size(given)).toThrow(message);
});
