import { z } from "zod";
import { isRecord } from "../../core/is-record.ts";
import type { SelectorKind } from "../../replay/selector/selector.ts";
import type { ColumnSchema } from "../../replay/store/schema.ts";
import type { TableOptions } from "../../replay/table-options.ts";
import type { CommanderFactory } from "../commander/commander.ts";

const seconds = z.number().min(0.001).max(1_000_000);
const port = z.int().min(1).max(65_535);

const resources = section({
  cpu: z.number().min(0).optional(),
  gpu: z.number().min(0).optional(),
  labels: z.array(z.string().min(1)).optional(),
});

const worker = section({
  plugin: z.string().min(1),
  config: z.record(z.string(), z.unknown()).default({}),
  needs: resources.default({}),
});

/** What a commander is told besides is its own affair. */
const commander = z.preprocess(
  camelled,
  z.looseObject({
    type: z
      .union([
        z.string().min(1),
        z.custom<CommanderFactory>((value) => typeof value === "function"),
      ])
      .default("solo"),
  }),
);

/** Any number, infinite ones too; which ones can work the room of the replay knows best. */
const number = z.custom<number>((value) => typeof value === "number", "expected a number");

const SELECTORS = [
  "fifo",
  "lifo",
  "uniform",
  "prioritized",
  "max-heap",
  "min-heap",
] as const satisfies SelectorKind[];

const table = section({
  name: z.string().optional(),
  maxSize: number.optional(),
  sampler: z.enum(SELECTORS).optional(),
  remover: z.enum(SELECTORS).optional(),
  maxUse: number.optional(),
  maxStaleness: number.optional(),
  limiter: section({
    samplesPerInsert: number,
    minSizeToSample: number,
    minDiff: number,
    maxDiff: number,
  }).optional(),
  mode: z.string().optional(),
  alpha: z.number().min(0).optional(),
  beta: number.optional(),
  annealSteps: number.optional(),
});

const column = z.preprocess(
  (value) => (typeof value === "string" ? { dtype: value } : value),
  z.strictObject({ dtype: z.string(), shape: z.array(number).optional() }),
);

const replay = section({
  schema: z.record(z.string(), column as unknown as z.ZodType<ColumnSchema>).optional(),
  tables: z.array(table as unknown as z.ZodType<TableOptions>).min(1),
  maxWaiters: z.int().min(0).optional(),
});

const weights = section({
  keep: z.int().min(1).default(4),
  maxPolicyLag: z.number().min(0).optional(),
  onLag: z.enum(["drop", "pause", "mark"]).default("drop"),
});

const address = z.tuple([z.string().min(1), z.string().min(1), port]);
const addresses = z.record(z.string(), address).default({});

const replicas = section({
  replicas: z.int().min(0),
  cpu: z.string().optional(),
  gpu: z.string().optional(),
  memory: z.string().optional(),
});

const operatorServer = section({
  systemAddr: z.string().min(1),
  apiVersion: z
    .string()
    .transform((version) => version.replace(/^\//, ""))
    .pipe(z.enum(["v1alpha1", "v2alpha1"]))
    .default("v1alpha1"),
  https: z.boolean().default(false),
  namespace: z.string().optional(),
  name: z.string().optional(),
  initReplicasRequest: section({
    collectors: replicas.optional(),
    learners: replicas.optional(),
  }).optional(),
  collectorTargetNum: z.int().min(0).default(0),
  learnerTargetNum: z.int().min(0).default(0),
  syncInterval: seconds.default(1),
});

const coordinator = section({
  host: z.string().min(1).optional(),
  port: z.int().min(0).max(65_535).optional(),
  collectorTaskTimeout: seconds.default(30),
  learnerTaskTimeout: seconds.default(600),
  collector: addresses,
  learner: addresses,
  evaluator: addresses,
  leaseTimeout: seconds.default(30),
  toleranceTimeout: z.number().min(0.1).max(3_600).default(17),
  drainTimeout: z.number().min(0).max(1_000_000).default(30),
  maxAttempts: z.int().min(1).default(10),
  snapshotInterval: seconds.default(30),
  operatorServer: operatorServer.optional(),
});

/** Folders, none of which leads out of here. */
const EXP_NAME = /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/;

/** A run's configuration, checked and with its defaults. Spellings with "_" are read too. */
export const runSchema = section({
  main: section({
    expName: z.string().regex(EXP_NAME, "expected the name of a folder below this one"),
    seed: z.int().min(0).optional(),
    commander: commander.prefault({}),
    collector: worker,
    learner: worker,
    evaluator: worker.optional(),
    replay,
    weights: weights.prefault({}),
  }),
  system: section({ coordinator: coordinator.prefault({}) }).prefault({}),
});

/** What a coordinator goes by. */
export type RunSettings = z.output<typeof runSchema>;

/** The part of it that says how the coordinator itself behaves. */
export type CoordinatorSettings = RunSettings["system"]["coordinator"];

/** That part, of a configuration that says nothing of it. */
export function defaultCoordinator(): CoordinatorSettings {
  const plugin = "-";
  const main = {
    expName: "default",
    collector: { plugin },
    learner: { plugin },
    replay: { tables: [{}] },
  };
  return runSchema.parse({ main }).system.coordinator;
}

/** The part of it about an operator's server. */
export type OperatorSettings = NonNullable<CoordinatorSettings["operatorServer"]>;

/** An object of these keys and no others, whose keys may also be written with "_". */
function section<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess(camelled, z.strictObject(shape));
}

function camelled(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replaceAll(/(?<=[a-z\d])_([a-z\d])/g, (_, letter: string) => letter.toUpperCase()),
      item,
    ]),
  );
}
