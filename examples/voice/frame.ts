/** 32 ms of sound at 16,000 samples a second, behind the last 64 samples of the frame before. */
export const FRAME = 512;
export const CONTEXT = 64;

/** What the model remembers of a voice, in two layers. */
export const LAYERS = 2;
export const CELLS = 128;
export const STATE = LAYERS * CELLS;
