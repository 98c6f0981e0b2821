import { Service } from "../core/service.ts";
import type { ConnectionHooks, SlaveConnection } from "./connection.ts";
import type { Task } from "./task.ts";
import type { SlaveResponse } from "./wire.ts";

/** The hooks of a master as they are when nobody overrides them. */
export abstract class MasterHooks extends Service implements ConnectionHooks {
  /** Data for the slave's beforeConnection. */
  beforeConnect(_connection: SlaveConnection): unknown {
    return {};
  }

  /** What it returns is what connect() resolves with. */
  afterConnect(_response: SlaveResponse, _connection: SlaveConnection): unknown {
    return undefined;
  }

  /** The slave could not be reached. Throws by default; what it returns instead is connect()'s value. */
  errorConnect(error: Error, _connection: SlaveConnection): unknown {
    throw error;
  }

  /** Data for the slave's beforeDisconnection. */
  beforeDisconnect(_connection: SlaveConnection): unknown {
    return {};
  }

  /** What it returns is what disconnect() resolves with. */
  afterDisconnect(_response: SlaveResponse, _connection: SlaveConnection): unknown {
    return undefined;
  }

  /** The slave could not be reached any more. Throws by default. */
  errorDisconnect(error: Error, _connection: SlaveConnection): unknown {
    throw error;
  }

  /** What it returns is the data that the slave gets. */
  beforeNewTask(data: unknown, _connection: SlaveConnection): unknown {
    return data;
  }

  /** The slave has taken the task. */
  afterNewTask(_task: Task, _connection: SlaveConnection): unknown {
    return undefined;
  }

  /** The task did not reach the slave. Throws by default; else start() resolves, and the task is START_FAILED. */
  errorNewTask(error: Error, _connection: SlaveConnection): unknown {
    throw error;
  }

  /** A slave is gone; its tasks are LOST. */
  lostConnection(_connection: SlaveConnection, _error: Error): unknown {
    return undefined;
  }
}
