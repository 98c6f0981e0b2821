import { describe, expect, test } from "bun:test";
import { faultOfAddress, parseAddress } from "../../../src/config/address.ts";

const READ: [text: string, host: string, port: number | undefined][] = [
  ["n1", "n1", undefined],
  ["N1.example:7236", "n1.example", 7_236],
  ["::1", "::1", undefined],
  ["[::1]:7235", "::1", 7_235],
  ["[::1]", "::1", undefined],
];

describe("parseAddress()", () => {
  for (const [text, host, port] of READ) {
    test(`reads ${text}`, () => expect(parseAddress(text)).toEqual({ host, port }));
  }
});

const FAULTS: [text: string, fault: string | undefined][] = [
  ["master.example:7235", undefined],
  ["[::1]:7235", undefined],
  ["not an address", '"not an address" is not a host'],
  ["master", "the port is missing"],
  ["::1", "the port is missing"],
  [":7235", "the host is missing"],
  ["master:", "the port after ':' is missing"],
  ["master:70000", '"70000" is not a port'],
  ["ws://master:7235", '"ws://" is not part of HOST:PORT'],
  ["master:7235/x", '"7235/x" is not a port'],
];

describe("faultOfAddress()", () => {
  for (const [text, fault] of FAULTS) {
    test(`of "${text}": ${fault ?? "none"}`, () => {
      const told = faultOfAddress(text);
      const example = "write HOST:PORT, for example n1:7235 or [::1]:7235";
      expect(told).toBe(fault === undefined ? undefined : `${fault}; ${example}`);
    });
  }
});
