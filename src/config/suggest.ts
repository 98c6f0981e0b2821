/** The name out of `names` that the person probably meant, or undefined when none is near. */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  const wanted = bare(typed);
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const distance = nameDistance(wanted, bare(name));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `Did you mean "port"?`, or undefined when no name is near. */
export function didYouMean(typed: string, names: Iterable<string>): string | undefined {
  const name = nearestName(typed, names);
  return name === undefined ? undefined : `Did you mean "${name}"?`;
}

/** How many letters must be put in, left out, changed or swapped with their neighbour. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}

/** A name cut short (`--token` for `--token-file`) is one slip, however much is missing. */
function nameDistance(typed: string, name: string): number {
  const isCut = typed.length >= 3 && name.startsWith(typed);
  return isCut ? Math.min(1, name.length - typed.length) : editDistance(typed, name);
}

/** heartbeat-ms, heartbeat_ms and heartbeatMs are one name to a person. */
function bare(name: string): string {
  return name.replaceAll(/[-_]/g, "").toLowerCase();
}
