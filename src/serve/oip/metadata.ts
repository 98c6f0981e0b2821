import type { ModelFacts, Models } from "../inference.ts";
import type { FaceTensor, ModelFace } from "./model-face.ts";
import type { Datatype } from "../../protocol/datatype.ts";

/** The extensions of the protocol, by the names that Triton gives them. */
export const EXTENSIONS: readonly string[] = [
  "binary_tensor_data",
  "classification",
  "generate",
  "model_configuration",
  "model_repository",
  "model_repository(unload_dependents)",
  "parameters",
  "schedule_policy",
];

/** The answer to GET /v2/models/NAME. */
export function modelMetadata(
  { name, platform }: ModelFacts,
  face: ModelFace,
  models: Models,
): object {
  // Those that may be asked: what is unloaded, or could not be loaded, is in the repository's index alone.
  const versions = models.list().filter((one) => one.name === name && one.state !== "UNAVAILABLE");
  return {
    name,
    versions: versions.map(({ version }) => version),
    platform,
    inputs: face.inputs.map(tensorMetadata),
    outputs: face.outputs.map(tensorMetadata),
  };
}

function tensorMetadata({ name, datatype, shape }: FaceTensor): object {
  return { name, datatype, shape };
}

/** The answer to GET /v2/models/NAME/config, in the words of Triton's model configuration. */
export function modelConfig(
  { name, version, platform, batchSize, streams }: ModelFacts,
  face: ModelFace,
): object {
  const [, backend = platform] = /^([^_]+)_/.exec(platform) ?? [];
  return {
    name,
    platform,
    backend,
    version_policy: { specific: { versions: [version] } },
    max_batch_size: batchSize,
    input: face.inputs.map(tensorConfig),
    output: face.outputs.map(tensorConfig),
    model_transaction_policy: { decoupled: streams },
  };
}

/** There, a batch has no axis of its own. */
function tensorConfig({ name, datatype, shape, axis }: FaceTensor): object {
  const dims = axis === 0 ? shape.slice(1) : shape;
  return { name, data_type: typeName(datatype), dims: dims.length === 0 ? [1] : dims };
}

function typeName(datatype: Datatype): string {
  return `TYPE_${datatype === "BYTES" ? "STRING" : datatype}`;
}

/** The answer to POST /v2/repository/index. */
export function repositoryIndex(
  models: Models,
  { isReadyOnly }: { isReadyOnly: boolean },
): object[] {
  return models
    .list()
    .filter(({ state }) => !isReadyOnly || state === "READY")
    .map(({ name, version, state, reason }) => ({ name, version, state, reason }));
}
