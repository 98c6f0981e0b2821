import { expect, test } from "bun:test";
import { argumentsOf } from "../../../commands/_make-arguments.ts";
import { fieldsOf } from "../../../src/config/option-field.ts";
import { decentralOptions } from "../../../src/decentral/options.ts";

function argumentsFor(queue: string) {
  const given = {
    origins: { queue: { from: "flag", name: "--queue" } as const },
    config: undefined,
    notes: [],
  };
  const fields = fieldsOf("decentral", decentralOptions);
  return argumentsOf({ fields, given, options: { queue }, runsHere: true }, []);
}

test("argumentsOf() says the queue's URL again, but for one with a password", () => {
  expect(argumentsFor("redis://host/1")).toEqual(["--queue=redis://host/1"]);
  const refused = () => argumentsFor("redis://:sesame@host/1");
  expect(refused).toThrow("Cannot write --queue into a script");
  expect(refused).not.toThrow("sesame");
});
