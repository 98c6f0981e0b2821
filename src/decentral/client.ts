import { LONGEST_TIMER_MS } from "../core/clock.ts";
import { RoleClient, type RoleAddress, type RoleStatus } from "../http/role-client.ts";
import type { GroupChange } from "./routes.ts";

/** Where a fleet is, and how it is asked. */
export interface FleetClientOptions extends RoleAddress {
  /** How long a change may take; as long as it takes if not given. */
  timeoutMs?: number | undefined;
}

/** What a fleet says of itself. */
export type FleetStatus = RoleStatus;

/** So long a fleet whose units have ended may take to be gone. */
const GONE_MS = 10_000;

/** Asks a running fleet, and changes it. Each change resolves when it is done; a refusal is thrown as the fleet told it. */
export class FleetClient implements Disposable {
  readonly #role: RoleClient;
  readonly #timeoutMs: number;

  constructor({ timeoutMs = LONGEST_TIMER_MS, ...address }: FleetClientOptions) {
    this.#role = new RoleClient(address, { role: "decentral", thing: "fleet" });
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with a NetworkError where nobody listens. */
  status(): Promise<FleetStatus> {
    return this.#role.status();
  }

  /** Units end when they have finished what they do. */
  idle(): Promise<FleetStatus> {
    return this.#change("/idle");
  }

  restart(): Promise<FleetStatus> {
    return this.#change("/restart");
  }

  switchTo(change: GroupChange): Promise<FleetStatus> {
    return this.#change("/switch", change);
  }

  /**
   * The fleet ends when its units have; resolves when nobody listens there any more, rejects with `wait.timeout` if
   * that takes longer than 10 s then.
   */
  async terminate(): Promise<FleetStatus> {
    const status = await this.#change("/terminate");
    await this.#role.gone(status, GONE_MS);
    return { ...status, state: "stopped", reason: null };
  }

  [Symbol.dispose](): void {
    this.#role[Symbol.dispose]();
  }

  #change(path: string, value?: unknown): Promise<FleetStatus> {
    return this.#role.ask({ method: "POST", path, value, timeoutMs: this.#timeoutMs });
  }
}
