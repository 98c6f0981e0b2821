import type { test } from "bun:test";
import { testNeeding } from "../../support/needs.ts";
import { natsMissing, natsServer } from "../../support/nats-server.ts";
import { redisMissing, redisServer } from "../../support/redis-server.ts";

/** A broker that a test may kill and start again. */
export interface BrokerServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It stands still, as in a machine that hangs, until `proceed()`. */
  halt(): Promise<void>;
  proceed(): void;
}

export interface BrokerKind {
  name: string;
  /** `test`, or a skip that says what is missing. */
  test: typeof test;
  /** Starts one that keeps what it was told over a kill -9, maybe with a password. */
  server: (password?: string) => Promise<BrokerServer>;
}

export const BROKERS: BrokerKind[] = [
  {
    name: "redis",
    test: testNeeding(redisMissing),
    server: (password) =>
      redisServer({ aof: true, flags: password === undefined ? [] : ["--requirepass", password] }),
  },
  {
    name: "nats",
    test: testNeeding(natsMissing),
    server: (password) =>
      natsServer({ flags: password === undefined ? [] : ["--user", "me", "--pass", password] }),
  },
];

/** The same URL, by another way or for somebody. */
export function urlVia(url: string, { address, who }: { address?: string; who?: string }): string {
  const [, scheme = "", host = "", path = ""] = /^(.*?:\/\/)([^/]*)(.*)$/.exec(url) ?? [];
  return `${scheme}${who === undefined ? "" : `${who}@`}${address ?? host}${path}`;
}
