import { SLAVE_CODES, type SlaveCodeName } from "./interaction-codes.ts";
import {
  SlaveResponseException,
  exceptionName,
  fieldsOf,
  type ResponseFields,
} from "./response-exception.ts";

type SlaveClass = new (given?: Partial<ResponseFields>) => SlaveResponseException;

function of(codeName: SlaveCodeName): SlaveClass {
  return class extends SlaveResponseException {
    override readonly name = exceptionName("Slave", codeName);

    constructor(given?: Partial<ResponseFields>) {
      super(fieldsOf(SLAVE_CODES[codeName], given));
    }
  };
}

/** An answer with the code of success that is none. */
export class SlaveSuccess extends of("SUCCESS") {}

/** The slave is shutting down. */
export class SlaveSystemShuttingDown extends of("SYSTEM_SHUTTING_DOWN") {}

/** The request named no channel. */
export class SlaveChannelNotFound extends of("CHANNEL_NOT_FOUND") {}

/** The slave is on another channel. */
export class SlaveChannelInvalid extends of("CHANNEL_INVALID") {}

/** The request had no connection token. */
export class SlaveMasterTokenNotFound extends of("MASTER_TOKEN_NOT_FOUND") {}

/** The connection token is not that of the slave's connection, or it has none. */
export class SlaveMasterTokenInvalid extends of("MASTER_TOKEN_INVALID") {}

/** The request had no token of the slave itself. */
export class SlaveSelfTokenNotFound extends of("SELF_TOKEN_NOT_FOUND") {}

/** The token is not the slave's own. */
export class SlaveSelfTokenInvalid extends of("SELF_TOKEN_INVALID") {}

/** The slave has a master already. */
export class SlaveSlaveAlreadyConnected extends of("SLAVE_ALREADY_CONNECTED") {}

/** The slave has no master. */
export class SlaveSlaveNotConnected extends of("SLAVE_NOT_CONNECTED") {}

/** The slave's hook refused the connection; its data says why. */
export class SlaveSlaveConnectionRefused extends of("SLAVE_CONNECTION_REFUSED") {}

/** The slave's hook refused to disconnect; its data says why. */
export class SlaveSlaveDisconnectionRefused extends of("SLAVE_DISCONNECTION_REFUSED") {}

/** The slave is busy, and does not queue. */
export class SlaveTaskAlreadyExist extends of("TASK_ALREADY_EXIST") {}

/** The slave refused the task; its data says why. */
export class SlaveTaskRefused extends of("TASK_REFUSED") {}

/** Each code's class. */
export const SLAVE_EXCEPTIONS: Readonly<Record<SlaveCodeName, SlaveClass>> = {
  SUCCESS: SlaveSuccess,
  SYSTEM_SHUTTING_DOWN: SlaveSystemShuttingDown,
  CHANNEL_NOT_FOUND: SlaveChannelNotFound,
  CHANNEL_INVALID: SlaveChannelInvalid,
  MASTER_TOKEN_NOT_FOUND: SlaveMasterTokenNotFound,
  MASTER_TOKEN_INVALID: SlaveMasterTokenInvalid,
  SELF_TOKEN_NOT_FOUND: SlaveSelfTokenNotFound,
  SELF_TOKEN_INVALID: SlaveSelfTokenInvalid,
  SLAVE_ALREADY_CONNECTED: SlaveSlaveAlreadyConnected,
  SLAVE_NOT_CONNECTED: SlaveSlaveNotConnected,
  SLAVE_CONNECTION_REFUSED: SlaveSlaveConnectionRefused,
  SLAVE_DISCONNECTION_REFUSED: SlaveSlaveDisconnectionRefused,
  TASK_ALREADY_EXIST: SlaveTaskAlreadyExist,
  TASK_REFUSED: SlaveTaskRefused,
};

const CLASS_OF_CODE = new Map<number, SlaveClass>(
  Object.entries(SLAVE_CODES).map(([name, { code }]) => [
    code,
    SLAVE_EXCEPTIONS[name as SlaveCodeName],
  ]),
);

/** A slave's answer as the exception of its code; a code nobody knows as the base class. */
export function slaveExceptionFrom(fields: ResponseFields): SlaveResponseException {
  return new (CLASS_OF_CODE.get(fields.code) ?? SlaveResponseException)(fields);
}
