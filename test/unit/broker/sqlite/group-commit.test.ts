import { DatabaseSync } from "node:sqlite";
import { expect, test } from "bun:test";
import { GroupCommit } from "../../../../src/broker/sqlite/group-commit.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** A disk that is done when the test says so. */
class Disk {
  #waiting: PromiseWithResolvers<void>[] = [];

  done(): Promise<void> {
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

function commitsOn(disk: Disk): GroupCommit {
  const db = new DatabaseSync(":memory:");
  return new GroupCommit(db, {
    clock: new FakeClock(),
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
