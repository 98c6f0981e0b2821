import { expect, test } from "bun:test";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { parseQueueUrl } from "../../../src/broker/queue-url.ts";
import { thrownBy } from "../../support/thrown-by.ts";

test("parseQueueUrl() hides the password", () => {
  const url = "redis://:secret@host:6379/0?queue=a";
  expect(parseQueueUrl(url)).toEqual({
    scheme: "redis",
    rest: "//:secret@host:6379/0",
    parameters: { queue: "a" },
    shown: "redis://:***@host:6379/0?queue=a",
  });
  expect(parseQueueUrl("nats://me:p@ss@host").shown).toBe("nats://me:***@host");
});

test.each([
  ["jobs.db", "no queue's URL"],
  ["", "no queue's URL"],
  ["ftp://host", "no queue's URL"],
  ["constructor:x", "no queue's URL"],
  ["memory:x", "no queue's URL"],
  ["sqlite:", "no queue's URL"],
  ["sqlite::memory:", "no queue's URL"],
  ["sqlite://host/jobs.db", "no queue's URL"],
  ["sqlite:./jobs.db?queue=", 'its name is ""'],
  ["sqlite:./jobs.db?queue=a%20b", 'its name is "a b"'],
  ["sqlite:./jobs.db?quue=a", 'it has an unknown parameter "quue"'],
  ["sqlite:./jobs.db?max_page_count=-1", 'max_page_count is "-1"'],
])("openQueue(%j) is refused: %s", async (url, state) => {
  const error = await thrownBy(openQueue(url));
  expect(error).toMatchObject({ code: "usage.invalid-option" });
  expect(error).toHaveProperty("message", expect.stringContaining(state));
  expect(error).toHaveProperty("hint", expect.stringContaining("."));
});
