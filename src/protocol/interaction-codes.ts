/** One outcome of the interaction HTTP API: the code in the envelope, the HTTP status, what it says by default. */
export interface InteractionCode {
  readonly code: number;
  readonly status: number;
  readonly message: string;
}

type CodeTable = Readonly<Record<string, InteractionCode>>;

/** What a slave answers. */
export const SLAVE_CODES = {
  SUCCESS: { code: 0, status: 200, message: "Success." },
  SYSTEM_SHUTTING_DOWN: { code: 101, status: 401, message: "System is shutting down." },
  CHANNEL_NOT_FOUND: { code: 201, status: 400, message: "Channel not found in header." },
  CHANNEL_INVALID: { code: 202, status: 403, message: "Channel is not the slave's." },
  MASTER_TOKEN_NOT_FOUND: { code: 301, status: 400, message: "Master token not found in header." },
  MASTER_TOKEN_INVALID: { code: 302, status: 403, message: "Master token is not valid." },
  SELF_TOKEN_NOT_FOUND: { code: 401, status: 400, message: "Self token not found in header." },
  SELF_TOKEN_INVALID: { code: 402, status: 403, message: "Self token is not valid." },
  SLAVE_ALREADY_CONNECTED: { code: 501, status: 400, message: "Slave is already connected." },
  SLAVE_NOT_CONNECTED: { code: 502, status: 400, message: "Slave is not connected." },
  SLAVE_CONNECTION_REFUSED: { code: 503, status: 403, message: "Slave refused the connection." },
  SLAVE_DISCONNECTION_REFUSED: {
    code: 504,
    status: 403,
    message: "Slave refused the disconnection.",
  },
  TASK_ALREADY_EXIST: { code: 601, status: 400, message: "Slave is busy with a task." },
  TASK_REFUSED: { code: 602, status: 403, message: "Slave refused the task." },
} as const satisfies CodeTable;

/** What a master answers. A result without a task comes back with HTTP status 200: the ancestor does so. */
export const MASTER_CODES = {
  SUCCESS: { code: 0, status: 200, message: "Success." },
  SYSTEM_SHUTTING_DOWN: { code: 101, status: 401, message: "System is shutting down." },
  CHANNEL_NOT_GIVEN: { code: 201, status: 400, message: "Channel not given in header." },
  CHANNEL_INVALID: { code: 202, status: 403, message: "Channel is not the master's." },
  MASTER_TOKEN_NOT_GIVEN: { code: 301, status: 400, message: "Master token not given in header." },
  MASTER_TOKEN_INVALID: { code: 302, status: 403, message: "Master token is not valid." },
  SELF_TOKEN_NOT_GIVEN: { code: 401, status: 400, message: "Self token not given in header." },
  SELF_TOKEN_INVALID: { code: 402, status: 403, message: "Self token is not valid." },
  SLAVE_TOKEN_NOT_GIVEN: { code: 501, status: 400, message: "Slave token not given in header." },
  SLAVE_TOKEN_INVALID: { code: 502, status: 403, message: "Slave token is not valid." },
  TASK_DATA_INVALID: { code: 601, status: 200, message: "Task data is not valid." },
} as const satisfies CodeTable;

/** The names of a slave's outcomes. */
export type SlaveCodeName = keyof typeof SLAVE_CODES;

/** The names of a master's outcomes. */
export type MasterCodeName = keyof typeof MASTER_CODES;

/** The header with the channel number of both ends. */
export const CHANNEL_HEADER = "Channel";

/** The header with the connection's secret, or a server's own. */
export const TOKEN_HEADER = "Token";
