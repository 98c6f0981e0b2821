import { HttpClient } from "../../http/client.ts";
import { requestJson } from "../../http/json-client.ts";
import type { OperatorSettings } from "../config/run-schema.ts";
import type { ApiVersion, ReplicaKind, ReplicaList, ReplicaWish } from "./replica-words.ts";

const TIMEOUT_MS = 10_000;

/** Asks an operator's server for workers, in either version of its API. Every call is bounded, and rejects with what went wrong. */
export class OperatorClient implements Disposable {
  readonly #http = new HttpClient();
  readonly #version: ApiVersion;
  readonly #base: string;
  readonly #who: { namespace: string; coordinator: string };

  constructor({ systemAddr, apiVersion, https, namespace, name }: OperatorSettings) {
    const { env } = process;
    this.#version = apiVersion;
    this.#who = {
      namespace: namespace ?? env["KUBERNETES_POD_NAMESPACE"] ?? "default",
      coordinator: name ?? env["KUBERNETES_POD_NAME"] ?? "dijob-example-coordinator",
    };
    const root = `${https ? "https" : "http"}://${systemAddr}/${apiVersion}`;
    const { namespace: space, coordinator } = this.#who;
    const job = coordinator.includes(".") ? coordinator : `${space}.${coordinator}`;
    this.#base =
      apiVersion === "v1alpha1"
        ? `${root}/replicas`
        : `${root}/job/${encodeURIComponent(job)}/replicas`;
  }

  async list(): Promise<ReplicaList> {
    const query = this.#version === "v1alpha1" ? `?${new URLSearchParams(this.#who)}` : "";
    const answer = await this.#ask("GET", query);
    const { data = answer } = (answer ?? {}) as { data?: unknown };
    if (Array.isArray(data)) return { collectors: data.map(String), learners: [] };
    const words = (data ?? {}) as Record<string, unknown>;
    return {
      collectors: namesOf(words["collectors"] ?? words["replicas"]),
      learners: namesOf(words["learners"]),
    };
  }

  /** Asks for so many more of each, with what each should have. */
  async add(wish: Partial<Record<ReplicaKind, { replicas: number }>>): Promise<void> {
    await this.#ask("POST", "", this.#wish(wish));
  }

  async remove(wish: Partial<Record<ReplicaKind, { replicas: number }>>): Promise<void> {
    await this.#ask("DELETE", "", this.#wish(wish));
  }

  /** These could not be reached. */
  async failed(names: Partial<ReplicaList>): Promise<void> {
    await this.#ask("POST", "/failed", { ...this.#who, ...names });
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  #wish(wish: Partial<Record<ReplicaKind, { replicas: number }>>): object {
    if (this.#version === "v1alpha1") return { ...this.#who, ...wish };
    const { collectors, learners } = wish;
    return { replicas: (collectors?.replicas ?? 0) + (learners?.replicas ?? 0), ...wish };
  }

  #ask(method: "GET" | "POST" | "DELETE", path: string, value?: unknown): Promise<unknown> {
    const request = { method, url: `${this.#base}${path}`, value, timeoutMs: TIMEOUT_MS };
    return requestJson(this.#http, request);
  }
}

/** A wish in numbers as the server wants it. */
export function replicasOf(wish: ReplicaWish): Partial<Record<ReplicaKind, { replicas: number }>> {
  return Object.fromEntries(
    Object.entries(wish).map(([kind, count]) => [kind, { replicas: Number(count) }]),
  );
}

function namesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
