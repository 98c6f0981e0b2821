import { expect, test } from "bun:test";
import { Outflow } from "../../../../src/serve/native/outflow.ts";

test("spoke() sends what one client is told when the next one is spoken to, several answers to one together", () => {
  const sent: string[] = [];
  const session = (name: string) => ({ flush: () => void sent.push(name) });
  const [a, b] = [session("a"), session("b")];
  const outflow = new Outflow();
  outflow.spoke(a);
  outflow.spoke(a);
  expect(sent).toEqual([]);
  outflow.spoke(b);
  expect(sent).toEqual(["a"]);
  outflow.spoke(a);
  expect(sent).toEqual(["a", "b"]);
});
