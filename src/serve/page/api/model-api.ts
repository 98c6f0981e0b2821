import type { ApiContent, ApiRoute, JsonSchema } from "../../../dashboard/openapi.ts";
import type { ModelFacts } from "../../inference.ts";
import { ModelFaces, type FaceTensor } from "../../oip/model-face.ts";
import { elementSchema, exampleElements, exampleOf } from "./example.ts";
import { INFER_FAULTS, STREAM_ANSWERS } from "./oip-api.ts";
import { FAULTS, PREDICT_SCHEMA } from "./other-api.ts";
import { jsonAnswer, schemaOf, valuesAnswer } from "./schemas.ts";

const TAG = "Models";
const faces = new ModelFaces();

/** How a model that is served can be asked: with its own tensors and schemas, and an example that can be sent. */
export function modelApi(facts: ModelFacts): ApiRoute[] {
  const { predicts = true, streams } = facts;
  const item = itemSchema(facts);
  const example = itemExample(facts, item);
  return [
    ...(predicts ? [predictRoute(facts, item, example), inferRoute(facts, example)] : []),
    ...(streams ? [streamRoute(facts, item, example)] : []),
  ];
}

function summaryOf({ name, version }: ModelFacts, how: string): string {
  return `Runs ${name}@${version} ${how}`;
}

function pathOf({ name, version }: ModelFacts): string {
  return `/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
}

function predictRoute(facts: ModelFacts, item: JsonSchema, example: unknown): ApiRoute {
  const gives = outputSchema(facts);
  return {
    method: "post",
    path: `${pathOf(facts)}/predict`,
    tag: TAG,
    summary: summaryOf(facts, "on one item, or on several as `inputs`"),
    body: {
      "application/json": {
        schema: { ...PREDICT_SCHEMA, properties: { ...PREDICT_SCHEMA.properties, input: item } },
        ...(example === undefined ? {} : { example: { input: example } }),
      },
    },
    answers: {
      "200": valuesAnswer("Its output.", { type: "object", properties: { output: gives } }),
      ...FAULTS,
    },
  };
}

function inferRoute(facts: ModelFacts, example: unknown): ApiRoute {
  return {
    method: "post",
    path: `/v2${pathOf(facts)}/infer`,
    tag: TAG,
    summary: summaryOf(facts, "on tensors"),
    body: { "application/json": inferContent(facts, example) },
    answers: { "200": jsonAnswer("The outputs.", schemaOf("InferAnswer")), ...INFER_FAULTS },
  };
}

function streamRoute(facts: ModelFacts, item: JsonSchema, example: unknown): ApiRoute {
  return {
    method: "post",
    path: `/v2${pathOf(facts)}/generate_stream`,
    tag: TAG,
    summary: summaryOf(facts, "on one item, piece by piece"),
    body: { "application/json": generateContent(item, example) },
    answers: STREAM_ANSWERS,
  };
}

/** An item that is an object is a body as it is; another one cannot be sent so. */
function generateContent(item: JsonSchema, example: unknown): ApiContent {
  if (example === undefined) return { schema: item };
  const isNamed = typeof example === "object" && example !== null && !Array.isArray(example);
  return isNamed ? { schema: item, example } : { schema: { type: "object" }, example: {} };
}

function inferContent(facts: ModelFacts, item: unknown): ApiContent {
  const { inputs, isAnyValue } = faces.of(facts);
  const schema = {
    type: "object",
    required: ["inputs"],
    properties: {
      inputs: {
        type: "array",
        minItems: inputs.length,
        items: { anyOf: inputs.map(tensorSchema) },
      },
    },
  };
  if (isAnyValue) {
    const text = JSON.stringify(item ?? null);
    const only = { name: "input", datatype: "BYTES", shape: [1], data: [text] };
    return { schema, example: { inputs: [only] } };
  }
  const tensors = inputs.map(({ name, datatype, shape }) => {
    const example = exampleElements(datatype, shape);
    return example && { name, datatype, ...example };
  });
  return { schema, ...(tensors.includes(undefined) ? {} : { example: { inputs: tensors } }) };
}

function tensorSchema({ name, datatype, shape }: FaceTensor): JsonSchema {
  return {
    type: "object",
    required: ["name", "datatype", "shape"],
    properties: {
      name: { const: name },
      datatype: { const: datatype },
      shape: {
        type: "array",
        prefixItems: shape.map((size) => (size < 0 ? { type: "integer" } : { const: size })),
        minItems: shape.length,
        maxItems: shape.length,
      },
      data: { type: "array", description: "Row-major, flat or nested." },
    },
  };
}

/** An item, as the native protocol and the ancestor's routes take it. */
function itemSchema(facts: ModelFacts): JsonSchema {
  if (!facts.input) return ownSchema(facts.inputSchema, facts, "input");
  return namedSchema(facts.input);
}

function outputSchema(facts: ModelFacts): JsonSchema {
  return facts.output ? namedSchema(facts.output) : ownSchema(facts.outputSchema, facts, "output");
}

function namedSchema(signature: NonNullable<ModelFacts["input"]>): JsonSchema {
  const properties = Object.entries(signature).map(([name, { datatype, shape }]) => {
    const text = `${datatype}, [${shape.slice(1).join(", ")}] without the rows; flat or nested.`;
    const own = { anyOf: [{ type: "array" }, elementSchema(datatype)], description: text };
    return [name, own] as const;
  });
  return {
    type: "object",
    required: Object.keys(signature),
    properties: Object.fromEntries(properties),
  };
}

/** A plugin's own schema; where it refers to parts of itself it is named, so that they are looked for in it. */
function ownSchema(given: unknown, { name, version }: ModelFacts, side: string): JsonSchema {
  if (typeof given !== "object" || given === null) return {};
  const { $schema: _, ...schema } = given as Record<string, unknown>;
  const refers = JSON.stringify(schema).includes('"$ref"');
  return refers
    ? { $id: `urn:ding:${encodeURIComponent(`${name}@${version}`)}:${side}`, ...schema }
    : schema;
}

function itemExample(facts: ModelFacts, schema: JsonSchema): unknown {
  if (!facts.input) return facts.inputSchema === undefined ? null : exampleOf(schema);
  const named = Object.entries(facts.input).map(([name, { datatype, shape }]) => {
    return [name, exampleElements(datatype, shape.slice(1))?.data] as const;
  });
  return named.some(([, data]) => data === undefined) ? undefined : Object.fromEntries(named);
}
