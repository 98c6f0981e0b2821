import type { ApiAnswer, JsonSchema } from "../../../dashboard/openapi.ts";
import { DATATYPES } from "../../../protocol/datatype.ts";

const TEXT = { type: "string" };
const DATA = {
  type: "array",
  items: {},
  description: "Row-major, flat or nested; left out where the tensor is binary.",
};
const SHAPE = { type: "array", items: { type: "integer", minimum: 0 } };

/** Shapes that several routes share. */
export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Tensor: {
    type: "object",
    required: ["name", "datatype", "shape"],
    properties: {
      name: TEXT,
      datatype: { type: "string", enum: Object.keys(DATATYPES) },
      shape: SHAPE,
      parameters: { type: "object" },
      data: DATA,
    },
  },
  InferRequest: {
    type: "object",
    required: ["inputs"],
    properties: {
      id: { type: "string", description: "Said again in the answer." },
      parameters: {
        type: "object",
        description: "priority (1 is first), timeout (microseconds), binary_data_output.",
      },
      inputs: { type: "array", items: { $ref: "#/components/schemas/Tensor" } },
      outputs: {
        type: "array",
        description: "Only these; all if it is left out.",
        items: {
          type: "object",
          required: ["name"],
          properties: { name: TEXT, parameters: { type: "object" } },
        },
      },
    },
  },
  InferAnswer: {
    type: "object",
    required: ["model_name", "outputs"],
    properties: {
      id: TEXT,
      model_name: TEXT,
      model_version: TEXT,
      outputs: { type: "array", items: { $ref: "#/components/schemas/Tensor" } },
    },
  },
  OipError: { type: "object", required: ["error"], properties: { error: TEXT } },
  Failure: {
    type: "object",
    required: ["success", "code", "message"],
    properties: {
      success: { const: false },
      code: { type: "integer" },
      message: TEXT,
      data: {
        type: "object",
        properties: {
          error: {
            type: "object",
            required: ["code", "message"],
            properties: { code: TEXT, message: TEXT, hint: TEXT, details: { type: "object" } },
          },
        },
      },
    },
  },
  WkrAnswer: {
    type: "object",
    required: ["error_code", "error_message", "data"],
    properties: {
      error_code: { type: "integer", description: "0 when it went well, else 1." },
      error_message: TEXT,
      data: {},
    },
  },
};

/** `{ $ref }` to one of them. */
export function schemaOf(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An answer of this shape in JSON, or in msgpack as `Accept` or the body's type want it. */
export function valuesAnswer(description: string, schema: JsonSchema): ApiAnswer {
  const content = { "application/json": { schema }, "application/msgpack": { schema } };
  return { description, content };
}

/** An answer in JSON, of this shape if one is named. */
export function jsonAnswer(description: string, schema?: JsonSchema): ApiAnswer {
  return { description, content: { "application/json": { schema: schema ?? {} } } };
}
