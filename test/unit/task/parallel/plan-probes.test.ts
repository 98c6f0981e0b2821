import { expect, test } from "bun:test";
import { planProbes } from "../../../../src/task/parallel/plan-probes.ts";
import { prepare } from "../../../../src/task/parallel/parallel.ts";

test("planProbes() counts ports from the first node's on; 0 is a free one for each, and both may be one", () => {
  expect(planProbes({ metricsPort: 9_100, healthPort: 9_200 }, [0, 0])).toEqual([
    { metricsPort: 9_100, healthPort: 9_200 },
    { metricsPort: 9_101, healthPort: 9_201 },
  ]);
  expect(planProbes({ metricsPort: 9_100, healthPort: 9_100 }, [0, 0])).toEqual([
    { metricsPort: 9_100, healthPort: 9_100 },
    { metricsPort: 9_101, healthPort: 9_101 },
  ]);
  const free = { metricsPort: 0, healthPort: 0 };
  expect(planProbes(free, [1, 2])).toEqual([free, free]);
  expect(planProbes({ healthPort: 1 }, [0])).toEqual([{ healthPort: 1 }]);
  expect(planProbes({}, [1, 2])).toEqual([{}, {}]);
});

test("planProbes() refuses ports that there are not, and those that two would have", () => {
  const plan = (metricsPort: number, healthPort: number, own: number[]) => () =>
    planProbes({ metricsPort, healthPort }, own);
  expect(plan(9_100, 9_101, [0, 0])).toThrow(
    "Cannot use --metrics-port 9100: port 9101 is one of --health-port already",
  );
  expect(plan(9_101, 9_100, [0, 0])).toThrow(
    "Cannot use --health-port 9100: port 9101 is one of --metrics-port already",
  );
  expect(plan(50_515, 0, [50_515])).toThrow("port 50515 is one of --ports already");
  expect(plan(0, 65_535, [0, 0])).toThrow("Cannot use --health-port 65535: there is no port 65536");
});

test("prepare() gives each node its ports, where a broker carries events too, and all of them one seed", () => {
  const { plan, setUpOf } = prepare({
    parallelWorkers: 2,
    mqUrl: "redis://127.0.0.1",
    ports: 9_100,
    metricsPort: 9_100,
    seed: 9_007_199_254_740_991,
  });
  expect(plan.nodes.map(({ metricsPort }) => metricsPort)).toEqual([9_100, 9_101]);
  expect(setUpOf(1)).toMatchObject({
    host: undefined,
    probes: { host: "127.0.0.1", metricsPort: 9_101 },
    seed: 9_007_199_254_740_991,
  });
  const bySelf = prepare({ parallelWorkers: 2 });
  expect(bySelf.setUpOf(0).seed).toBe(bySelf.setUpOf(1).seed);
  expect(() => prepare({ seed: -1 })).toThrow("seed");
  expect(() => prepare({ seed: 1.5 })).toThrow("seed");
});
