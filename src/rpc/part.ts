import type { Clock } from "../core/clock.ts";
import type { Link } from "../link/link.ts";

/** How long the other end may take to hear that a link closes. */
const PATIENCE_MS = 1_000;

/** Closes a link with a reason, and cuts it if the other end no longer answers: nothing of it stays open. */
export function part(link: Link, reason: string, clock: Clock): void {
  if (link.isClosed) return;
  link.close(reason);
  if (link.isClosed) return;
  const timer = clock.after(PATIENCE_MS, () => link.terminate());
  void link.closed.then(() => timer[Symbol.dispose]());
}
