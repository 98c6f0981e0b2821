/** The public API of ding: what `import … from "ding"` gives. */
export { DingError, NetworkError, type Code, type ErrorRecord } from "./core/errors.ts";
export { silentLogger, type Logger } from "./core/log.ts";
export { Service, type ServiceState } from "./core/service.ts";
export { VERSION } from "./core/version.ts";
export * from "./protocol/master-exceptions.ts";
export {
  ResponseException,
  MasterResponseException,
  SlaveResponseException,
} from "./protocol/response-exception.ts";
export * from "./protocol/slave-exceptions.ts";
export { Tensor } from "./protocol/tensor.ts";
export { SlaveConnection } from "./master/connection.ts";
export { Master, type MasterOptions, type NewConnectionOptions } from "./master/master.ts";
export { Task, type TaskOptions, type WaitOptions } from "./master/task.ts";
export { TaskStatus } from "./master/task-status.ts";
export type { SlaveResponse } from "./master/wire.ts";
export type { TaskContext } from "./slave/context.ts";
export { defineSlave, type SlavePlugin, type TaskSchema } from "./slave/plugin.ts";
export { ConnectionRefuse, DisconnectionRefuse, TaskFail, TaskRefuse } from "./slave/refusals.ts";
export { Slave } from "./slave/slave.ts";
export type { SlaveOptions } from "./slave/slave-options.ts";
