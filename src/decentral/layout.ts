import { serverName, type RemoteServer } from "./remote-servers.ts";

/** A unit that is to be there. */
export interface WantedUnit {
  /** "10.0.0.1:8996/3": the third unit of its group. */
  readonly id: string;
  /** Its server's name; "local" where there are no servers. */
  readonly group: string;
  readonly server: RemoteServer | undefined;
}

/** A unit and the worker process that it lives in: 0, 1, … */
export interface PlacedUnit extends WantedUnit {
  readonly worker: number;
}

/** The group of units that have no server. */
export const LOCAL_GROUP = "local";

/** `numClient` units for each server; without servers one group of its own. */
export function wantedUnits(servers: readonly RemoteServer[], numClient: number): WantedUnit[] {
  const groups = servers.length === 0 ? [undefined] : servers;
  return groups.flatMap((server) => {
    const group = server ? serverName(server) : LOCAL_GROUP;
    return Array.from({ length: numClient }, (_, index) => ({
      id: `${group}/${index + 1}`,
      group,
      server,
    }));
  });
}

/**
 * Places every wanted unit: those that are there stay where they are, new ones go where the fewest are. `workers` is the
 * number of processes.
 */
export function placeUnits(
  wanted: readonly WantedUnit[],
  workers: number,
  current: ReadonlyMap<string, PlacedUnit> = new Map(),
): PlacedUnit[] {
  const loads = Array.from({ length: workers }, () => 0);
  const stays = (unit: WantedUnit): PlacedUnit | undefined => {
    const there = current.get(unit.id);
    const isSame = there && there.server?.portOut === unit.server?.portOut;
    return isSame && there.worker < workers ? there : undefined;
  };
  for (const unit of wanted) {
    const there = stays(unit);
    if (there) loads[there.worker] = (loads[there.worker] ?? 0) + 1;
  }
  return wanted.map((unit) => {
    const there = stays(unit);
    if (there) return there;
    const worker = loads.indexOf(Math.min(...loads));
    loads[worker] = (loads[worker] ?? 0) + 1;
    return { ...unit, worker };
  });
}

const MOST_PROCESSES = 4;

/** How many processes: as asked, else one a core and at most four; never more than units. */
export function processesFor(
  units: number,
  { asked, cores }: { asked: number | undefined; cores: number },
): number {
  return Math.max(1, Math.min(units, asked ?? Math.min(cores, MOST_PROCESSES)));
}
