import { expect, test } from "bun:test";
import { type Candidate, place, roleFor } from "../../../src/coordinator/tasks/place.ts";

function worker(id: string, more: Partial<Candidate> = {}): Candidate {
  return {
    id,
    role: "collector",
    isIdle: true,
    resources: { cpu: 2, gpu: 0, labels: [] },
    idleSince: 0,
    ...more,
  };
}

test("place() takes an idle worker of the role, the one that has rested longest among equals", () => {
  const workers = [
    worker("busy", { isIdle: false }),
    worker("learner", { role: "learner" }),
    worker("late", { idleSince: 9 }),
    worker("early", { idleSince: 3 }),
  ];
  expect(place({ kind: "collector" }, workers)?.id).toBe("early");
  expect(place({ kind: "learner" }, workers)?.id).toBe("learner");
});

test("place() keeps graphics cards and cores for those who need them", () => {
  const workers = [
    worker("gpu", { resources: { cpu: 2, gpu: 1 } }),
    worker("large", { resources: { cpu: 64, gpu: 0 } }),
    worker("small", { resources: { cpu: 1, gpu: 0 } }),
  ];
  expect(place({ kind: "collector" }, workers)?.id).toBe("small");
  expect(place({ kind: "collector", needs: { cpu: 2 } }, workers)?.id).toBe("large");
  expect(place({ kind: "collector", needs: { gpu: 1 } }, workers)?.id).toBe("gpu");
  expect(place({ kind: "collector", needs: { gpu: 2 } }, workers)).toBeUndefined();
});

test("place() wants every label", () => {
  const workers = [
    worker("a", { resources: { labels: ["fast"] } }),
    worker("b", { resources: { labels: ["fast", "eu"] } }),
  ];
  expect(place({ kind: "collector", needs: { labels: ["fast", "eu"] } }, workers)?.id).toBe("b");
  expect(place({ kind: "collector", needs: { labels: ["us"] } }, workers)).toBeUndefined();
});

test("an evaluation goes to an evaluator where there is one, even a busy one, and else to a collector", () => {
  const busy = worker("e", { role: "evaluator", isIdle: false });
  const collector = worker("c");
  expect(roleFor("evaluator", [collector])).toBe("collector");
  expect(place({ kind: "evaluator" }, [collector])?.id).toBe("c");
  expect(place({ kind: "evaluator" }, [collector, busy])).toBeUndefined();
});
