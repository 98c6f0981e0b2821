/** Where a service tells its operator what happens; facts go in `fields`. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** Says nothing: the default of library classes. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
