/** The numbers of the networks as bytes, and back; every machine of today has them in the same order. */
export function bytesOf(parameters: Float32Array): Uint8Array {
  return new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
}

/** A copy: bytes may lie anywhere, numbers of 32 bits may not. */
export function parametersOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
