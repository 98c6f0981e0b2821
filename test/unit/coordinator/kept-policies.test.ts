import { expect, test } from "bun:test";
import { silentLogger } from "../../../src/core/log.ts";
import { League } from "../../../src/coordinator/commander/league/league.ts";
import { leagueSettings } from "../../../src/coordinator/config/commander-settings.ts";
import { KeptPolicies } from "../../../src/coordinator/run/kept-policies.ts";
import type { TaskRecord } from "../../../src/coordinator/tasks/task-record.ts";
import { WeightStore } from "../../../src/coordinator/weights/weight-store.ts";

test("the weights of players that are gone go with the next state that lacks them, and when no task plays them", async () => {
  await using weights = await WeightStore.open({ log: silentLogger });
  await weights.publish("p", Uint8Array.of(1));
  const open: TaskRecord[] = [];
  const kept = new KeptPolicies({ weights, board: { open }, log: silentLogger });
  const league = new League(leagueSettings.parse({ onePhaseStep: 1, maxPlayers: 2 }), 7);
  league.begin("p");
  const there = () => weights.stats().map(({ policyId }) => policyId);
  const learn = async (version: number): Promise<void> => {
    league.learned(version);
    for (const copy of league.takeCopies()) kept.copy(copy);
    for (const policyId of league.takeRetired()) kept.retire(policyId);
    await kept.settled;
  };
  for (const version of [1, 3]) await learn(version);
  const before = kept.saving();
  // The third past player takes the place of the second: the first stays.
  await learn(5);
  const all = ["p", "p_snapshot_0", "p_snapshot_1", "p_snapshot_2"];
  await before();
  expect(there()).toEqual(all);
  const players = [{ playerId: "snapshot_1", policyId: "p_snapshot_1", version: 1 }];
  open.push({
    id: "collector_task_1",
    kind: "collector",
    attempt: 1,
    state: "running",
    queuedAt: 0,
    notBefore: 0,
    payload: { policyId: "p", players },
  });
  await kept.saving()();
  expect(there()).toEqual(all);
  open.length = 0;
  await kept.saving()();
  expect(there()).toEqual(["p", "p_snapshot_0", "p_snapshot_2"]);
});
