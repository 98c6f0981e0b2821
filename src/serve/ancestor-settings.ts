/** What a server was started with, as the ancestor's status has it: deviceMap is device_map. Without `otlp`, which may hold a password. */
export function ancestorSettings(
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { otlp: _, ...told } = settings;
  return Object.fromEntries(Object.entries(told).map(([key, value]) => [ancestorName(key), value]));
}

function ancestorName(key: string): string {
  if (key === "workers") return "num_worker";
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
