/** A route of the Open Inference Protocol, as a description of the server's API tells it. */
export interface OipPath {
  readonly method: "get" | "post";
  /** With its variables in braces. */
  readonly path: string;
  readonly summary: string;
}

const ONE_MODEL = "/v2/models/{model}";
const ONE_VERSION = `${ONE_MODEL}/versions/{version}`;

/** Every route that `mountOip` mounts; those of statistics only where there are some. */
export const OIP_PATHS: readonly OipPath[] = [
  { method: "get", path: "/v2", summary: "Name, version and extensions of the server" },
  { method: "get", path: "/v2/health/live", summary: "Does the server run?" },
  { method: "get", path: "/v2/health/ready", summary: "Are its models ready?" },
  { method: "get", path: "/v2/models", summary: "The names of all models" },
  { method: "get", path: "/v2/models/stats", summary: "Statistics of all models" },
  ...ofModel("get", "", "Inputs and outputs of the model"),
  ...ofModel("get", "/ready", "Is the model ready?"),
  ...ofModel("get", "/config", "The model's configuration"),
  ...ofModel("get", "/stats", "The model's statistics"),
  ...ofModel("post", "/infer", "Infer: tensors as JSON or as bytes"),
  ...ofModel("post", "/generate", "Infer one item, by the names of its inputs"),
  ...ofModel("post", "/generate_stream", "The same, piece by piece as server-sent events"),
  { method: "post", path: "/v2/repository/index", summary: "Every model, its versions and states" },
  {
    method: "post",
    path: "/v2/repository/models/{model}/load",
    summary: "Load a model, or load it again; the old one serves until the new one is ready",
  },
  {
    method: "post",
    path: "/v2/repository/models/{model}/unload",
    summary: "Unload a model when it has finished what it has",
  },
];

function ofModel(method: OipPath["method"], suffix: string, summary: string): OipPath[] {
  return [ONE_MODEL, ONE_VERSION].map((path) => ({ method, path: `${path}${suffix}`, summary }));
}
