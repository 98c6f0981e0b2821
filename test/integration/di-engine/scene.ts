import { expect } from "bun:test";
import { FakeMaster, SlaveCaller } from "./fake-master.ts";
import { SummingSlave } from "./summing-slave.ts";

/** The channel of every slave here. */
export const CHANNEL = 7;

/** What a test of the dialect has on its stage. */
export interface Scene extends AsyncDisposable {
  slave: SummingSlave;
  master: FakeMaster;
  caller: SlaveCaller;
}

/** A slave, a fake master, and a caller that speaks for it; connected unless told otherwise. */
export async function scene(
  options: Partial<ConstructorParameters<typeof SummingSlave>[0]> = {},
  isConnected = true,
): Promise<Scene> {
  const slave = await new SummingSlave({
    port: 0,
    channel: CHANNEL,
    heartbeatMs: 50,
    toleranceMs: 500,
    ...options,
  }).start();
  const master = new FakeMaster();
  const caller = new SlaveCaller(slave.port, { channel: CHANNEL, token: "secret-1" });
  if (isConnected) expect((await caller.connect(master)).status).toBe(200);
  return {
    slave,
    master,
    caller,
    async [Symbol.asyncDispose]() {
      await slave.close(0);
      master[Symbol.dispose]();
    },
  };
}
