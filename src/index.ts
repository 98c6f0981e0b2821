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
export type { StandardSchema as TaskSchema } from "./plugin/schema.ts";
export { SlaveConnection } from "./master/connection.ts";
export { Master, type MasterOptions, type NewConnectionOptions } from "./master/master.ts";
export { Task, type TaskOptions, type WaitOptions } from "./master/task.ts";
export { TaskStatus } from "./master/task-status.ts";
export type { SlaveResponse } from "./master/wire.ts";
export type { TaskContext } from "./slave/context.ts";
export { defineSlave, type SlavePlugin } from "./slave/plugin.ts";
export { ConnectionRefuse, DisconnectionRefuse, TaskFail, TaskRefuse } from "./slave/refusals.ts";
export { Slave } from "./slave/slave.ts";
export type { SlaveOptions } from "./slave/slave-options.ts";
export type { SlaveStatus } from "./slave/status.ts";
export { Client, type EncodeOptions } from "./serve/client/client.ts";
export {
  ConcurrentClient,
  type ConcurrentClientOptions,
} from "./serve/client/concurrent-client.ts";
export type { EncodeAsyncOptions } from "./serve/client/encode-async.ts";
export type { Heard, ListenOptions } from "./serve/client/listening.ts";
export type { ClientOptions } from "./serve/client/options.ts";
export type { FetchAllOptions, Response } from "./serve/client/response.ts";
export type { LocalClient } from "./serve/host/local-client.ts";
export { defineModel, type ModelDefinition } from "./serve/plugin/define-model.ts";
export { HardWorker, type WorkerLogger } from "./serve/plugin/hard-worker.ts";
export type { ModelContext, PredictContext } from "./serve/plugin/model-plugin.ts";
export { onnxProviders } from "./serve/plugin/onnx-providers.ts";
export { Server } from "./serve/server.ts";
export type { ServerOptions } from "./serve/server-options.ts";
export type { Capability } from "./broker/driver.ts";
export type { DeadJob, Job, NewJob, Pushed, QueueStats, SeenJob } from "./broker/job.ts";
export { openQueue } from "./broker/open-queue.ts";
export type { Queue } from "./broker/queue.ts";
export type { QueueOptions } from "./broker/queue-options.ts";
export { RedisHandler, type RedisHandlerOptions } from "./broker/redis/list/redis-handler.ts";
export { GiveUp } from "./broker/verdicts.ts";
export { defineUnit, type UnitDefinition } from "./decentral/define-unit.ts";
export { Fleet } from "./decentral/fleet.ts";
export type { FleetOptions } from "./decentral/fleet-options.ts";
export { ProcessingUnit } from "./decentral/processing-unit.ts";
export type {
  JobEnvelope,
  RoundContext,
  UnitContext,
  WorkContext,
} from "./decentral/unit-context.ts";
export type { BarrierOptions } from "./task/barrier.ts";
export { Context } from "./task/context.ts";
export {
  contextExchanger,
  type ContextExchangerOptions,
} from "./task/exchange/context-exchanger.ts";
export {
  type ExchangedModel,
  ModelExchanger,
  modelExchanger,
  type ModelExchangerOptions,
} from "./task/exchange/model-exchanger.ts";
export { Lock } from "./task/lock.ts";
export type { Middleware, Wrapper } from "./task/middleware.ts";
export { Parallel } from "./task/parallel/parallel.ts";
export type { ParallelOptions } from "./task/parallel/parallel-options.ts";
export { OfflineRLContext, OnlineRLContext } from "./task/rl-contexts.ts";
export { ROLE, type Role } from "./task/roles.ts";
export type { NodeNotes, Peer, PeerChange, RequestOptions, TaskRouter } from "./task/router.ts";
export type { HandlerErrorPolicy, StartOptions } from "./task/start-options.ts";
export type { ChildSpec, LocalFactory, RestartTerms } from "./task/supervisor/child-spec.ts";
export type { RecvPayload, SendPayload } from "./task/supervisor/payloads.ts";
export type { ReceiveAllOptions, ReceiveCallback } from "./task/supervisor/receive-all.ts";
export { Supervisor, type SupervisorOptions } from "./task/supervisor/supervisor.ts";
export { MainTask } from "./task/task.ts";
export type { EmitOptions } from "./task/task-events.ts";
export type { WaitForOptions } from "./task/wait-for.ts";
export {
  AdvancedReplayBuffer,
  type AdvancedReplayBufferOptions,
} from "./replay/advanced-replay-buffer.ts";
export type { SampleBatch } from "./replay/batch.ts";
export { cloneObject } from "./replay/buffer/clone-object.ts";
export { DequeBuffer, type DequeBufferOptions } from "./replay/buffer/deque-buffer.ts";
export { groupSample } from "./replay/buffer/group-sample.ts";
export type { Layer as BufferLayer } from "./replay/buffer/layer.ts";
export { padding } from "./replay/buffer/padding.ts";
export { priorityExperienceReplay } from "./replay/buffer/priority-experience-replay.ts";
export { sampleRangeView } from "./replay/buffer/sample-range-view.ts";
export { stalenessCheck } from "./replay/buffer/staleness-check.ts";
export { useTimeCheck } from "./replay/buffer/use-time-check.ts";
export { PushSampleLimiter } from "./replay/limiter/push-sample-limiter.ts";
export {
  minSize,
  queueLimit,
  RateLimiter,
  type RateLimiterOptions,
  sampleToInsertRatio,
} from "./replay/limiter/rate-limiter.ts";
export { Replay, type TableStats } from "./replay/replay.ts";
export type {
  EpisodeOptions,
  Inserted,
  InsertOptions,
  ReplayOptions,
  SampleOptions,
  Steps,
} from "./replay/replay-options.ts";
export type { ReplayPart, Restored } from "./replay/replay-snapshot.ts";
export { Random } from "./replay/random.ts";
export {
  type EpisodeSink,
  type NewItem,
  type TrajectoryOptions,
  TrajectoryWriter,
} from "./replay/trajectory-writer.ts";
export type { TableOptions } from "./replay/table-options.ts";
export { ThroughputMonitor } from "./replay/throughput-monitor.ts";
export {
  type Commander,
  type CommanderFactory,
  type CommanderOptions,
  defineCommander,
} from "./coordinator/commander/commander.ts";
export { Coordinator, type CoordinatorState } from "./coordinator/coordinator.ts";
export type { CoordinatorOptions } from "./coordinator/coordinator-options.ts";
export { makeCommander } from "./coordinator/commander/make-commander.ts";
export { mergeInfo } from "./coordinator/run/merge-info.ts";
export { TaskState } from "./coordinator/tasks/task-record.ts";
export { defineCollector, defineEvaluator } from "./coordinator/plugin/define-collector.ts";
export { defineLearner } from "./coordinator/plugin/define-learner.ts";
export { defineRun, type RunConfig } from "./coordinator/config/run-config.ts";
export type {
  CollectorContext,
  LearnerContext,
  SampledItems,
  Weights,
} from "./coordinator/plugin/worker-context.ts";
export type { CollectorTask, LearnerTask, Player } from "./coordinator/plugin/worker-task.ts";

// The names under which worker-as-service has them.
export { Client as WKRClient } from "./serve/client/client.ts";
export { ConcurrentClient as ConcurrentWKRClient } from "./serve/client/concurrent-client.ts";
export { HardWorker as WKRHardWorker } from "./serve/plugin/hard-worker.ts";
export { Server as WKRServer } from "./serve/server.ts";
export { Fleet as WKRDecentralizeCentral } from "./decentral/fleet.ts";
export { ProcessingUnit as WKRWorker } from "./decentral/processing-unit.ts";
