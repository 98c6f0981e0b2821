import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../src/core/errors.ts";
import type { SlaveConnection } from "../../src/master/connection.ts";
import { Master } from "../../src/master/master.ts";
import { Slave } from "../../src/slave/slave.ts";
import { until } from "../support/until.ts";

/** Made by an authority of its own; good from 2020 to 2119, for localhost and 127.0.0.1. */
const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, "http/tls", name), "utf8");
const ca = pem("ca.pem");
const SERVER = { cert: pem("server.pem"), key: pem("server.key") };
const CLIENT = { cert: pem("client.pem"), key: pem("client.key") };

class Doubling extends Slave {
  override processTask({ value }: { value: number }): number {
    return value * 2;
  }
}

/** Why a connection cannot be made. */
async function refusal(connection: SlaveConnection): Promise<string> {
  return connection.connect().then(() => "connected", messageOf);
}

test("a session over TLS: whom the master trusts it talks to, nobody else", async () => {
  await using slave = new Doubling({ port: 0, tls: SERVER });
  await slave.start();
  expect(await slave.ping()).toBe(true);
  await using master = await new Master({ slaveTls: { ca } }).start();
  await using conn = master.newConnection("s", "127.0.0.1", slave.port);
  await conn.connect();
  expect((await conn.newTask({ value: 21 }).start().join()).result).toBe(42);

  await using distrustful = await new Master({ slaveTls: {} }).start();
  const stranger = distrustful.newConnection("s", "127.0.0.1", slave.port);
  expect(await refusal(stranger)).toMatch(/^Cannot/);
  await using plain = await new Master().start();
  expect(await refusal(plain.newConnection("s", "127.0.0.1", slave.port))).toMatch(/^Cannot/);
});

test("a session over mutual TLS wants the master's certificate", async () => {
  await using slave = new Doubling({ port: 0, tls: { ...SERVER, ca } });
  await slave.start();
  await using known = await new Master({ slaveTls: { ca, ...CLIENT } }).start();
  await using conn = known.newConnection("s", "127.0.0.1", slave.port);
  await conn.connect();
  expect((await conn.newTask({ value: 4 }).start().join()).result).toBe(8);
  await using unknown = await new Master({ slaveTls: { ca } }).start();
  expect(await refusal(unknown.newConnection("s", "127.0.0.1", slave.port))).toMatch(/^Cannot/);
});

test("a slave joins a master over TLS with its token, and none joins with another", async () => {
  await using master = new Master({ port: 0, tls: SERVER, token: "right" });
  await master.start();
  const joined: SlaveConnection[] = [];
  master.onJoin((connection) => joined.push(connection));
  const join = [master.address ?? ""];
  await using wrong = new Doubling({ port: 0, join, joinTls: { ca }, token: "wrong" });
  await wrong.start();
  await using right = new Doubling({
    port: 0,
    join,
    joinTls: { ca },
    token: "right",
    name: "right",
  });
  await right.start();
  const conn = await until(() => joined[0], { what: "the slave that joins" });
  expect((await conn.newTask({ value: 3 }).start().join()).result).toBe(6);
  expect(joined.map(({ name }) => name)).toEqual(["right"]);
});
