import { expect, test } from "bun:test";
import { isSecret, secretError } from "../../../commands/_script-secrets.ts";
import { fieldsOf } from "../../../src/config/option-field.ts";
import { decentralOptions } from "../../../src/decentral/options.ts";

const queue = fieldsOf("decentral", decentralOptions).find(({ key }) => key === "queue");
if (!queue) throw new Error("no --queue");

test("isSecret() knows the passwords of every kind of queue", () => {
  const secret = [
    "redis://:p@h",
    "rediss://me:p%40@h/2",
    "redis-list://:p@h?queue=K",
    "redis://:p/w@h",
    "nats://token@h",
  ];
  const open = ["redis://h:6379/2", "redis://me@h", "nats://h:4222", "sqlite:./a:b@c.db"];
  expect(secret.filter((url) => !isSecret(queue, url))).toEqual([]);
  expect(open.filter((url) => isSecret(queue, url))).toEqual([]);
});

test("secretError() says what to do with one that is in the environment", () => {
  expect(secretError(queue, "env").hint).toContain("unset DING_DECENTRAL_QUEUE here");
});
