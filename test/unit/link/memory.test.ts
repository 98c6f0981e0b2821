import { describe } from "bun:test";
import { MemoryLink } from "../../../src/link/memory.ts";
import { linkContract } from "../../contract/link.ts";

describe("MemoryLink", () =>
  linkContract(async () => {
    const [near, far] = MemoryLink.pair();
    return { near, far, async [Symbol.asyncDispose]() {} };
  }));
