import { oncePerTurn } from "../telemetry/once-per-turn.ts";
import { Registry } from "../telemetry/registry.ts";
import type { SlaveStatus } from "./status.ts";

/** What a slave shows at /metrics, read from its status when asked. */
export function slaveMetrics(read: () => SlaveStatus): Registry {
  const registry = new Registry();
  const status = oncePerTurn(read);
  const states = ["starting", "idle", "busy"] as const;
  registry.read("ding_slave_ready", "1 when tasks can run", () => Number(status().ready));
  registry.read("ding_slave_tasks_running", "Tasks that run now", () => status().running);
  registry.read("ding_slave_tasks_queued", "Tasks that wait for a place", () => status().queued);
  registry.readTotal("ding_slave_tasks_total", "Tasks since the start, by how they ended", () =>
    Object.entries(status().counts).map(([outcome, count]) => [{ outcome }, count] as const),
  );
  registry.read("ding_slave_master_connected", "1 when a master is connected", () =>
    Number(status().master?.away === false),
  );
  registry.read("ding_slave_workers", "Worker processes by state", () => {
    const { workers } = status();
    return states.map(
      (state) => [{ state }, workers.filter((one) => one.state === state).length] as const,
    );
  });
  registry.read(
    "ding_slave_uptime_seconds",
    "Time since the start",
    () => status().uptimeMs / 1_000,
  );
  registry.read(
    "process_resident_memory_bytes",
    "Memory of the slave's own process",
    () => status().memory.rssBytes,
  );
  return registry;
}
