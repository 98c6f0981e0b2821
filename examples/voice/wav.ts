/** Samples a second that the model wants. */
const RATE = 16_000;

/** The sound of a WAV file (PCM of 8 or 16 bits, one channel): samples from -1 to 1, 16,000 a second. */
export function readWav(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const format = chunkAt(view, "fmt ");
  const data = chunkAt(view, "data");
  const [kind, channels, bits] = [0, 2, 14].map((at) => view.getUint16(format.start + at, true));
  if (kind !== 1 || channels !== 1) throw new Error("This WAV is not PCM of one channel");
  const rate = view.getUint32(format.start + 4, true);
  const size = bits === 8 ? 1 : 2;
  const sampleAt = (index: number) => {
    const at = data.start + index * size;
    return size === 1 ? (view.getUint8(at) - 128) / 128 : view.getInt16(at, true) / 32_768;
  };
  const samples = Float32Array.from({ length: Math.floor(data.size / size) }, (_, i) =>
    sampleAt(i),
  );
  return rate === RATE ? samples : resampled(samples, rate / RATE);
}

/** Values between the samples, on the line from one to the next. */
function resampled(samples: Float32Array, step: number): Float32Array {
  return Float32Array.from({ length: Math.floor(samples.length / step) }, (_, index) => {
    const low = Math.floor(index * step);
    const part = index * step - low;
    return (samples[low] ?? 0) * (1 - part) + (samples[low + 1] ?? 0) * part;
  });
}

function chunkAt(view: DataView, name: string): { start: number; size: number } {
  for (let at = 12; at + 8 <= view.byteLength;) {
    const found = String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
    const size = view.getUint32(at + 4, true);
    if (found === name) return { start: at + 8, size: Math.min(size, view.byteLength - at - 8) };
    at += 8 + size + (size % 2);
  }
  throw new Error(`This is no WAV file: it has no "${name.trim()}"`);
}
