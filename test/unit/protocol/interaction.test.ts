import { expect, test } from "bun:test";
import { DingError, NetworkError } from "../../../src/core/errors.ts";
import { failureEnvelope, readEnvelope, successEnvelope } from "../../../src/protocol/envelope.ts";
import { MASTER_CODES, SLAVE_CODES } from "../../../src/protocol/interaction-codes.ts";
import * as masters from "../../../src/protocol/master-exceptions.ts";
import {
  MasterResponseException,
  ResponseException,
  SlaveResponseException,
  type ResponseFields,
} from "../../../src/protocol/response-exception.ts";
import * as slaves from "../../../src/protocol/slave-exceptions.ts";

/** name, code, HTTP status: as the ancestor has them. */
const SLAVE_TABLE: [string, number, number][] = [
  ["SlaveSuccess", 0, 200],
  ["SlaveSystemShuttingDown", 101, 401],
  ["SlaveChannelNotFound", 201, 400],
  ["SlaveChannelInvalid", 202, 403],
  ["SlaveMasterTokenNotFound", 301, 400],
  ["SlaveMasterTokenInvalid", 302, 403],
  ["SlaveSelfTokenNotFound", 401, 400],
  ["SlaveSelfTokenInvalid", 402, 403],
  ["SlaveSlaveAlreadyConnected", 501, 400],
  ["SlaveSlaveNotConnected", 502, 400],
  ["SlaveSlaveConnectionRefused", 503, 403],
  ["SlaveSlaveDisconnectionRefused", 504, 403],
  ["SlaveTaskAlreadyExist", 601, 400],
  ["SlaveTaskRefused", 602, 403],
];
const MASTER_TABLE: [string, number, number][] = [
  ["MasterSuccess", 0, 200],
  ["MasterSystemShuttingDown", 101, 401],
  ["MasterChannelNotGiven", 201, 400],
  ["MasterChannelInvalid", 202, 403],
  ["MasterMasterTokenNotGiven", 301, 400],
  ["MasterMasterTokenInvalid", 302, 403],
  ["MasterSelfTokenNotGiven", 401, 400],
  ["MasterSelfTokenInvalid", 402, 403],
  ["MasterSlaveTokenNotGiven", 501, 400],
  ["MasterSlaveTokenInvalid", 502, 403],
  ["MasterTaskDataInvalid", 601, 200],
];

const SIDES = [
  {
    table: SLAVE_TABLE,
    codes: SLAVE_CODES,
    exceptions: slaves.SLAVE_EXCEPTIONS,
    module: slaves as Record<string, unknown>,
    from: slaves.slaveExceptionFrom,
    base: SlaveResponseException,
  },
  {
    table: MASTER_TABLE,
    codes: MASTER_CODES,
    exceptions: masters.MASTER_EXCEPTIONS,
    module: masters as Record<string, unknown>,
    from: masters.masterExceptionFrom,
    base: MasterResponseException,
  },
];

for (const { table, codes, exceptions, module, from, base } of SIDES) {
  test(`${base.name}: there is a class for each code, and no other`, () => {
    expect(Object.values<{ code: number }>(codes).map(({ code }) => code)).toEqual(
      table.map(([, code]) => code),
    );
    expect(Object.keys(exceptions)).toEqual(Object.keys(codes));
  });

  for (const [name, code, status] of table) {
    test(`${name} is what an answer with code ${code} becomes`, () => {
      const fields = { status, code, message: "told", data: { why: 1 } };
      const thrown = from(fields);
      expect(thrown).toBeInstanceOf(module[name] as typeof base);
      expect(thrown).toBeInstanceOf(base);
      expect(thrown).toBeInstanceOf(ResponseException);
      expect(thrown).toBeInstanceOf(Error);
      expect({ ...fieldsOf(thrown), name: thrown.name }).toEqual({ ...fields, name });
      expect([thrown.success, thrown.statusCode]).toEqual([false, status]);
    });

    test(`${name} made by hand has its own code, status and words`, () => {
      const Class = module[name] as new (given?: Partial<ResponseFields>) => ResponseException;
      const { message, ...rest } = fieldsOf(new Class());
      expect(rest).toEqual({ status, code, data: {} });
      expect(message).toMatch(/^[A-Z].*\.$/);
      expect(new Class({ data: [1] }).data).toEqual([1]);
    });
  }

  test(`${base.name} is what an unknown code becomes`, () => {
    const thrown = from({ status: 418, code: 777, message: "new", data: {} });
    expect(thrown.constructor).toBe(base);
    expect(thrown.code).toBe(777);
  });
}

function fieldsOf({ status, code, message, data }: ResponseException): ResponseFields {
  return { status, code, message, data };
}

test("toDingError() tells the house what the peer said", () => {
  const error = DingError.from(new slaves.SlaveTaskRefused({ data: { path: "a" } }));
  expect(error.code).toBe("peer.refused");
  expect(error.message).toBe("Slave refused the task.");
  expect(error.details).toEqual({ status: 403, code: 602, data: { path: "a" } });
});

test("successEnvelope() and failureEnvelope() speak as the ancestor does", () => {
  expect(successEnvelope()).toEqual({ success: true, code: 0, message: "Success.", data: null });
  expect(successEnvelope("PONG!", 1).data).toBe(1);
  expect(failureEnvelope(SLAVE_CODES.CHANNEL_INVALID)).toEqual({
    success: false,
    code: 202,
    message: SLAVE_CODES.CHANNEL_INVALID.message,
    data: null,
  });
  expect(failureEnvelope(SLAVE_CODES.TASK_REFUSED, "No", { a: 1 })).toMatchObject({
    message: "No",
    data: { a: 1 },
  });
});

test("readEnvelope() forgives a missing message and missing data", () => {
  expect(readEnvelope(200, '{"success":true,"code":0}')).toEqual({
    success: true,
    code: 0,
    message: "",
    data: {},
  });
  const whole = { success: false, code: 602, message: "no", data: { loss: Number.NaN } };
  const text = '{"success":false,"code":602,"message":"no","data":{"loss":NaN}}';
  expect(readEnvelope(403, new TextEncoder().encode(text))).toEqual(whole);
});

for (const body of [
  "<!doctype html><h1>500</h1>",
  "",
  "[]",
  "null",
  '{"success":"yes","code":0}',
  '{"code":0}',
  '{"success":true,"code":0,"message":1}',
]) {
  test(`readEnvelope() refuses ${JSON.stringify(body)} and shows it`, () => {
    const read = (): unknown => readEnvelope(500, body);
    expect(read).toThrow(NetworkError);
    expect(read).toThrow(
      `Cannot read answer with status 500: no envelope, but ${JSON.stringify(body)}`,
    );
  });
}

test("readEnvelope() shows only the beginning of a long page", () => {
  expect(() => readEnvelope(500, "x".repeat(10_000))).toThrow(`${"x".repeat(200)}…"`);
});
