import type { Step } from "./calls.ts";
import { ackOf, sortSteps, type Ack, type Acked, type Reading } from "./receipts.ts";

/** How the server is told; both may be sent again after a cut. */
export interface SettleCalls {
  /** The script: a letter for each of the acks, and of the others. */
  settle: (acks: Ack[], others: Step[]) => Promise<string>;
  /** Writes which jobs of a taking are done; false if they have no lease together any more. */
  mark: (reading: Reading) => Promise<boolean>;
}

/** What the script says of jobs that have a lease each. */
const APART = "b";
const DONE = "k";

/** Says what became of jobs, most of them without a script; gives a letter for each, as the script does. */
export async function settle(steps: readonly Step[], calls: SettleCalls): Promise<string[]> {
  const { acked, others, owners } = sortSteps(steps, performance.now());
  const answers: string[] = [];
  const hear = (letters: string, whose: readonly number[]): void =>
    whose.forEach((owner, at) => (answers[owner] = letters.charAt(at)));
  const ended = acked.filter(({ reading }) => reading.isDone);
  const begun = acked.filter(({ reading }) => !reading.isDone);
  try {
    const [letters, refused] = await Promise.all([
      ended.length + others.length > 0 ? end(ended, others, calls) : "",
      mark(begun, calls),
    ]);
    hear(letters, [...ended.flatMap(ownersOf), ...owners]);
    for (const each of begun) hear(DONE.repeat(each.places.length), ownersOf(each));
    if (refused.length > 0) {
      hear(await calls.settle(refused.map(ackOf), []), refused.flatMap(ownersOf));
    }
    const apart = steps.flatMap((_, index) => (answers[index] === APART ? index : []));
    if (apart.length > 0) {
      const again = apart.flatMap((index) => steps[index] ?? []);
      hear(await calls.settle([], again), apart);
    }
  } catch (error) {
    for (const { reading, places } of acked) for (const { place } of places) reading.forget(place);
    throw error;
  }
  return answers;
}

async function end(ended: Acked[], others: Step[], calls: SettleCalls): Promise<string> {
  const saying = calls.settle(ended.map(ackOf), others);
  let at = 0;
  for (const { reading, places } of ended) {
    const [from, to] = [at, (at += places.length)];
    const isHeard = (letters: string): boolean =>
      letters.slice(from, to) === DONE.repeat(to - from);
    reading.ending = saying.then(isHeard, () => false);
  }
  return await saying;
}

/** Gives those that were refused. */
async function mark(begun: Acked[], calls: SettleCalls): Promise<Acked[]> {
  const refused = await Promise.all(
    begun.map(async (each) => {
      const { reading } = each;
      if (await calls.mark(reading)) return [];
      // What comes late may find that all are done meanwhile: these, too.
      if (await reading.ending) return [];
      reading.isApart = true;
      return each;
    }),
  );
  return refused.flat();
}

function ownersOf({ places }: Acked): number[] {
  return places.map(({ owner }) => owner);
}
