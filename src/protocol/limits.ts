/** The longest HTTP body that is read, unless an option says otherwise. */
export const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/** The longest frame of a link. */
export const FRAME_LIMIT_BYTES = 64 * 1024 * 1024;

/** How deep a value from the wire may be nested: far below where recursion ends the process. */
export const DEPTH_LIMIT = 1_000;
