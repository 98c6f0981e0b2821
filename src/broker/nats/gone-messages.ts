import type { NatsLink } from "./nats-link.ts";
import type { NatsNames } from "./nats-names.ts";
import { LATER, READY } from "./nats-streams.ts";

const CALL = { verb: "read", patienceMs: 5_000 };
/** Beyond this the list of what has gone would be longer than is good; its time comes when the first messages go. */
const MOST_GONE = 1_000_000;

interface StreamInfo {
  state: { num_deleted?: number; deleted?: number[] };
}

interface ConsumerInfo {
  num_ack_pending: number;
  ack_floor: { stream_seq: number };
  delivered: { stream_seq: number };
}

/**
 * Acknowledges messages that are not in the stream any more: a server that was killed may know that they went, and not
 * that they were acknowledged. NATS 2.9 then looks for each of them again and again: a pull that meets one stays without
 * an answer, and what lies behind them waits for ever. Harmless where nothing is amiss, and in many processes at once:
 * a number that has gone never comes back.
 */
export async function acknowledgeGone(link: NatsLink, { jobs }: NatsNames): Promise<void> {
  const streamOf = (data = ""): Promise<StreamInfo> =>
    link.api<StreamInfo>(`$JS.API.STREAM.INFO.${jobs}`, { ...CALL, data });
  const consumers = await Promise.all(
    [READY, LATER].map(async (name) => ({
      name,
      info: await link.api<ConsumerInfo>(`$JS.API.CONSUMER.INFO.${jobs}.${name}`, CALL),
    })),
  );
  const waiting = consumers.filter(({ info }) => info.num_ack_pending > 0);
  const { num_deleted = 0 } = (await streamOf()).state;
  if (waiting.length === 0 || num_deleted === 0 || num_deleted > MOST_GONE) return;
  const { deleted = [] } = (await streamOf(JSON.stringify({ deleted_details: true }))).state;
  for (const { name, info } of waiting) {
    const { ack_floor: floor, delivered } = info;
    const gone = deleted.filter((seq) => floor.stream_seq < seq && seq <= delivered.stream_seq);
    const subjects = gone.map((seq) => `$JS.ACK.${jobs}.${name}.1.${seq}.1.0.0`);
    const final = subjects.pop();
    for (const subject of subjects) link.tell(subject, "+ACK");
    // It is answered when all before it have been heard.
    if (final !== undefined) await link.ask(final, { ...CALL, data: "+ACK" });
  }
}
