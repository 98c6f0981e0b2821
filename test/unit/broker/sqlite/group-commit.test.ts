import { DatabaseSync } from "node:sqlite";
import { expect, test } from "bun:test";
import { GroupCommit } from "../../../../src/broker/sqlite/group-commit.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** A disk that is done when the test says so. */
class Disk {
  #waiting: PromiseWithResolvers<void>[] = [];
  /** How often it was asked. */
  asked = 0;

  done(): Promise<void> {
    this.asked++;
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    return turn.promise;
  }

  settle(fault?: Error): void {
    for (const turn of this.#waiting.splice(0)) {
      if (fault) turn.reject(fault);
      else turn.resolve();
    }
  }
}

function commitsOn(disk: Disk, clock: FakeClock = new FakeClock()): GroupCommit {
  const db = new DatabaseSync(":memory:");
  return new GroupCommit(db, {
    clock,
    sync: disk,
    finish: () => {},
    undo: () => {},
  });
}

test("add() says that a step is written before the disk has it, and answers when the disk has", async () => {
  const disk = new Disk();
  const commits = commitsOn(disk);
  const said: string[] = [];
  const onWritten = (): void => void said.push("written");
  const lasting = commits
    .add(() => 1, { mustLast: true, onWritten })
    .then(() => said.push("lasts"));
  await commits.add(() => 2, { mustLast: false });
  expect(said).toEqual(["written"]);
  disk.settle();
  await lasting;
  expect(said).toEqual(["written", "lasts"]);
});

test("add() rejects what the disk refuses", async () => {
  const disk = new Disk();
  const commits = commitsOn(disk);
  const lasting = commits.add(() => 1, { mustLast: true });
  await commits.add(() => 2, { mustLast: false });
  disk.settle(new Error("EIO"));
  expect(await lasting.catch((error: unknown) => String(error))).toContain("EIO");
});

test("add() lets nobody go on before a disk that lags far behind", async () => {
  const disk = new Disk();
  const commits = commitsOn(disk);
  let written = 0;
  const onWritten = (): void => void written++;
  const first = Array.from({ length: 2_000 }, () =>
    commits.add(() => 1, { mustLast: true, onWritten }),
  );
  await commits.settled();
  const late = commits.add(() => 2, { mustLast: true, onWritten });
  await commits.settled();
  expect(written).toBe(2_000);
  disk.settle();
  await Promise.all([...first, late]);
});

test("add() asks the disk for patient steps together, with one that is not, or before it is settled", async () => {
  const disk = new Disk();
  const clock = new FakeClock();
  const commits = commitsOn(disk, clock);
  const written = async (isPatient: boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    void commits.add(() => 1, { mustLast: true, isPatient, onWritten: resolve });
    await promise;
  };
  await written(true);
  await written(true);
  expect(disk.asked).toBe(0);
  await written(false);
  expect(disk.asked).toBe(1);
  await written(true);
  clock.advance(10);
  expect(disk.asked).toBe(2);
  await written(true);
  await commits.settled();
  expect(disk.asked).toBe(3);
  clock.advance(10);
  expect(disk.asked).toBe(3);
});
