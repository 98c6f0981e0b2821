import { RoleClient, type RoleAddress, type RoleStatus } from "../http/role-client.ts";
import type { AddRequest } from "./options.ts";

/** Where a coordinator is, and how it is asked. */
export interface CoordinatorClientOptions extends RoleAddress {
  /** For an answer; default 10,000. */
  timeoutMs?: number | undefined;
}

/** What a coordinator says of itself. */
export type CoordinatorStatus = RoleStatus;

const ANSWER_MS = 10_000;
/** So long one that is told to stop may take to be gone. */
const GONE_MS = 60_000;

/** Asks a running coordinator, and changes its workers. A refusal is thrown as the coordinator told it. */
export class CoordinatorClient implements Disposable {
  readonly #role: RoleClient;
  readonly #timeoutMs: number;

  constructor({ timeoutMs = ANSWER_MS, ...address }: CoordinatorClientOptions) {
    this.#role = new RoleClient(address, { role: "coordinator", thing: "coordinator" });
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with a NetworkError where nobody listens. */
  status(): Promise<CoordinatorStatus> {
    return this.#role.status(this.#timeoutMs);
  }

  /** A worker by address, or more of them on the coordinator's machine; `added` are their names. */
  add(request: AddRequest): Promise<CoordinatorStatus> {
    return this.#ask("POST", "/workers", request);
  }

  /** The worker finishes its episode, and gets no more tasks. */
  drain(id: string): Promise<CoordinatorStatus> {
    return this.#ask("POST", `/workers/${encodeURIComponent(id)}/drain`);
  }

  /** The worker finishes its episode, and is let go of. */
  remove(id: string): Promise<CoordinatorStatus> {
    return this.#ask("DELETE", `/workers/${encodeURIComponent(id)}`);
  }

  /**
   * The state is saved, and the coordinator ends; resolves when nobody listens there any more, rejects with
   * `wait.timeout` if that takes longer than 60 s.
   */
  async stop(): Promise<CoordinatorStatus> {
    const status = await this.#ask("POST", "/stop");
    await this.#role.gone(status, GONE_MS);
    return { ...status, state: "stopped" };
  }

  [Symbol.dispose](): void {
    this.#role[Symbol.dispose]();
  }

  #ask(method: "POST" | "DELETE", path: string, value?: unknown): Promise<CoordinatorStatus> {
    return this.#role.ask({ method, path, value, timeoutMs: this.#timeoutMs });
  }
}
