import { MASTER_CODES, type MasterCodeName } from "./interaction-codes.ts";
import {
  MasterResponseException,
  exceptionName,
  fieldsOf,
  type ResponseFields,
} from "./response-exception.ts";

type MasterClass = new (given?: Partial<ResponseFields>) => MasterResponseException;

function of(codeName: MasterCodeName): MasterClass {
  return class extends MasterResponseException {
    override readonly name = exceptionName("Master", codeName);

    constructor(given?: Partial<ResponseFields>) {
      super(fieldsOf(MASTER_CODES[codeName], given));
    }
  };
}

/** An answer with the code of success that is none. */
export class MasterSuccess extends of("SUCCESS") {}

/** The master is shutting down. */
export class MasterSystemShuttingDown extends of("SYSTEM_SHUTTING_DOWN") {}

/** The request named no channel. */
export class MasterChannelNotGiven extends of("CHANNEL_NOT_GIVEN") {}

/** The master is on another channel. */
export class MasterChannelInvalid extends of("CHANNEL_INVALID") {}

/** The request had no token of the master. */
export class MasterMasterTokenNotGiven extends of("MASTER_TOKEN_NOT_GIVEN") {}

/** The token is not the master's. */
export class MasterMasterTokenInvalid extends of("MASTER_TOKEN_INVALID") {}

/** The request had no token of the master itself. */
export class MasterSelfTokenNotGiven extends of("SELF_TOKEN_NOT_GIVEN") {}

/** The token is not the master's own. */
export class MasterSelfTokenInvalid extends of("SELF_TOKEN_INVALID") {}

/** The request had no connection token. */
export class MasterSlaveTokenNotGiven extends of("SLAVE_TOKEN_NOT_GIVEN") {}

/** The master knows no connection with this token. */
export class MasterSlaveTokenInvalid extends of("SLAVE_TOKEN_INVALID") {}

/** The result named no task. */
export class MasterTaskDataInvalid extends of("TASK_DATA_INVALID") {}

/** Each code's class. */
export const MASTER_EXCEPTIONS: Readonly<Record<MasterCodeName, MasterClass>> = {
  SUCCESS: MasterSuccess,
  SYSTEM_SHUTTING_DOWN: MasterSystemShuttingDown,
  CHANNEL_NOT_GIVEN: MasterChannelNotGiven,
  CHANNEL_INVALID: MasterChannelInvalid,
  MASTER_TOKEN_NOT_GIVEN: MasterMasterTokenNotGiven,
  MASTER_TOKEN_INVALID: MasterMasterTokenInvalid,
  SELF_TOKEN_NOT_GIVEN: MasterSelfTokenNotGiven,
  SELF_TOKEN_INVALID: MasterSelfTokenInvalid,
  SLAVE_TOKEN_NOT_GIVEN: MasterSlaveTokenNotGiven,
  SLAVE_TOKEN_INVALID: MasterSlaveTokenInvalid,
  TASK_DATA_INVALID: MasterTaskDataInvalid,
};

const CLASS_OF_CODE = new Map<number, MasterClass>(
  Object.entries(MASTER_CODES).map(([name, { code }]) => [
    code,
    MASTER_EXCEPTIONS[name as MasterCodeName],
  ]),
);

/** A master's answer as the exception of its code; a code nobody knows as the base class. */
export function masterExceptionFrom(fields: ResponseFields): MasterResponseException {
  return new (CLASS_OF_CODE.get(fields.code) ?? MasterResponseException)(fields);
}
