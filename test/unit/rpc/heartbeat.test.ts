import { expect, test } from "bun:test";
import { Heartbeat } from "../../../src/rpc/heartbeat.ts";

const options = { heartbeatMs: 1_000, toleranceMs: 4_000 };

test("tick() asks for a ping after a silence of its own, not while it speaks", () => {
  const heartbeat = new Heartbeat(options, 60_000, 0);
  expect(heartbeat.tickMs).toBe(500);
  expect(heartbeat.tick(500)).toBe("nothing");
  expect(heartbeat.tick(1_000)).toBe("ping");
  heartbeat.onSpoke(1_000);
  expect(heartbeat.tick(1_500)).toBe("nothing");
});

test("tick() says silent after the tolerance, and hearing anything resets it", () => {
  const heartbeat = new Heartbeat(options, 60_000, 0);
  for (let now = 500; now <= 4_000; now += 500) expect(heartbeat.tick(now)).not.toBe("silent");
  heartbeat.onHeard(4_000);
  for (let now = 4_500; now <= 8_000; now += 500) expect(heartbeat.tick(now)).not.toBe("silent");
  expect(heartbeat.tick(8_500)).toBe("silent");
});

test("Heartbeat pings often enough for a peer that is less patient", () => {
  expect(new Heartbeat(options, 300, 0).tickMs).toBe(50);
});

test("tick() that comes late blames this process, not the peer", () => {
  const heartbeat = new Heartbeat(options, 60_000, 0);
  expect(heartbeat.tick(20_000)).toBe("ping");
  expect(heartbeat.tick(20_500)).not.toBe("silent");
});
