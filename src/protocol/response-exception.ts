import { DingError } from "../core/errors.ts";
import type { InteractionCode } from "./interaction-codes.ts";

/** What a refusing answer says; missing parts are filled from the code's own words. */
export interface ResponseFields {
  status: number;
  code: number;
  message: string;
  data: unknown;
}

/** The other side of the interaction HTTP API said no. Network failures are `NetworkError`s instead. */
export class ResponseException extends Error {
  override readonly name: string = "ResponseException";
  /** The HTTP status. */
  readonly status: number;
  readonly success = false;
  /** The code in the envelope, such as 202. */
  readonly code: number;
  readonly data: unknown;

  constructor({ status, code, message, data }: ResponseFields) {
    super(message);
    this.status = status;
    this.code = code;
    this.data = data;
  }

  /** The HTTP status under the ancestor's name. */
  get statusCode(): number {
    return this.status;
  }

  /** The same in the house's terms. */
  toDingError(): DingError {
    return new DingError("peer.refused", this.message, {
      details: { status: this.status, code: this.code, data: this.data },
      cause: this,
    });
  }
}

/** A slave said no. */
export class SlaveResponseException extends ResponseException {
  override readonly name: string = "SlaveResponseException";
}

/** A master said no. */
export class MasterResponseException extends ResponseException {
  override readonly name: string = "MasterResponseException";
}

/** A code's own fields, changed by those that are given. */
export function fieldsOf(
  entry: InteractionCode,
  { data = {}, ...given }: Partial<ResponseFields> = {},
): ResponseFields {
  return { ...entry, ...given, data };
}

/** CHANNEL_INVALID → "SlaveChannelInvalid". */
export function exceptionName(side: "Slave" | "Master", codeName: string): string {
  const words = codeName.toLowerCase().split("_");
  return side + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
