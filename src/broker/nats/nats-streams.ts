import type { DriverTerms } from "../driver.ts";
import type { Call, NatsLink } from "./nats-link.ts";
import type { NatsNames } from "./nats-names.ts";

/** What the server waits for a word about a delivery before it delivers again; holders say so in time. */
export const ACK_WAIT_MS = 10_000;
const NANOS = 1_000_000;
const OPEN: Pick<Call, "verb" | "patienceMs"> = { verb: "open", patienceMs: 5_000 };
const A_MONTH_MS = 30 * 86_400_000;

/** Names of the two consumers: of ready jobs, and of those whose time has not come. */
export const READY = "ding";
export const LATER = "later";

/** Makes what is not there, and brings what is to these terms: who opens last decides. */
export async function openStreams(
  link: NatsLink,
  names: NatsNames,
  { keyWindowMs, replicas }: Pick<DriverTerms, "keyWindowMs"> & { replicas: number },
): Promise<void> {
  const stream = (name: string, subjects: string[], more: object): Promise<void> =>
    openStream(link, {
      name,
      subjects,
      storage: "file",
      allow_direct: true,
      num_replicas: replicas,
      ...more,
    });
  const window = Math.max(100, Math.ceil(keyWindowMs)) * NANOS;
  await stream(names.jobs, [names.ready, names.later], {
    retention: "workqueue",
    discard: "new",
    duplicate_window: window,
  });
  await stream(names.dead, [names.buried], { retention: "limits", discard: "new" });
  await stream(names.notes, [`${names.note}*`], {
    retention: "limits",
    discard: "old",
    max_msgs_per_subject: 1,
    max_age: A_MONTH_MS * NANOS,
  });
  for (const [durable, filter] of [
    [READY, names.ready],
    [LATER, names.later],
  ] as const) {
    const config = {
      durable_name: durable,
      filter_subject: filter,
      ack_policy: "explicit",
      deliver_policy: "all",
      replay_policy: "instant",
      ack_wait: ACK_WAIT_MS * NANOS,
      max_deliver: -1,
      max_ack_pending: -1,
      max_waiting: 8_192,
    };
    await link.api(`$JS.API.CONSUMER.DURABLE.CREATE.${names.jobs}.${durable}`, {
      ...OPEN,
      data: JSON.stringify({ stream_name: names.jobs, config }),
    });
  }
}

async function openStream(
  link: NatsLink,
  config: { name: string } & Record<string, unknown>,
): Promise<void> {
  const call = { ...OPEN, data: JSON.stringify(config) };
  const isThere = await link.api<{ isNew?: boolean }>(
    `$JS.API.STREAM.CREATE.${config.name}`,
    call,
    // 10058: it is there, with other terms.
    ({ err_code }) => (err_code === 10_058 ? { isNew: false } : undefined),
  );
  if (isThere.isNew === false) await link.api(`$JS.API.STREAM.UPDATE.${config.name}`, call);
}
