/** Where a service tells its operator what happens; facts go in `fields`. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** Says nothing: the default of library classes. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The same logger, with these facts in every line. */
export function loggerWith(log: Logger, facts: Record<string, unknown>): Logger {
  return {
    debug: (message, fields) => log.debug(message, { ...facts, ...fields }),
    info: (message, fields) => log.info(message, { ...facts, ...fields }),
    warn: (message, fields) => log.warn(message, { ...facts, ...fields }),
    error: (message, fields) => log.error(message, { ...facts, ...fields }),
  };
}
