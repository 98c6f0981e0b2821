import { expect, test } from "bun:test";
import { ding } from "../support/ding.ts";
import { CHANNEL, JOBS } from "../support/slave.ts";

test("ding slave --join ends with 2 and says what is expected when it is given no address", async () => {
  const words = ["slave", "--channel", CHANNEL, "--plugin", JOBS, "--port", "0"];
  for (const wrong of ["not an address", "master", "http://master:7235"]) {
    const given = ["--join", "[::1]:7235", "--join", wrong];
    const { code, stderr } = await ding([...words, ...given]);
    expect(code).toBe(2);
    expect(stderr).toContain(`Cannot use --join: "${wrong}": `);
    expect(stderr).toContain("write HOST:PORT, for example n1:7235 or [::1]:7235");
  }
});
