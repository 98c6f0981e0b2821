import { Slave, TaskFail } from "ding";

/** Adds a and b: the slave of DI-engine's documentation, in TypeScript. */
export class MySlave extends Slave {
  override processTask(task: { a?: number; b?: number }): unknown {
    if (task.a !== undefined && task.b !== undefined) {
      return { sum: task.a + task.b };
    }
    throw new TaskFail({ message: "ab not found" }, "A or B not found in task data.");
  }
}

export default MySlave;
