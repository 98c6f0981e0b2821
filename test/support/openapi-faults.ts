interface Operation {
  operationId?: string;
  tags?: string[];
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
  requestBody?: { content: Record<string, unknown> };
  responses?: Record<string, { description?: string }>;
}

interface Document {
  openapi?: string;
  info?: { title?: string; version?: string };
  tags?: { name: string }[];
  paths?: Record<string, Record<string, Operation>>;
  components?: { securitySchemes?: Record<string, unknown> };
  security?: Record<string, unknown>[];
}

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/** What is wrong with an OpenAPI 3.1 document, by the rules of the specification that a program can check; empty when nothing is. */
export function openApiFaults(given: unknown): string[] {
  const document = given as Document;
  const faults: string[] = [];
  if (!/^3\.1\.\d+$/.test(document.openapi ?? "")) faults.push("openapi: not 3.1");
  if (!document.info?.title || !document.info.version) faults.push("info: no title or version");
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  if (operations.length === 0) faults.push("paths: there are none");
  const ids = new Set<string>();
  const tags = new Set(document.tags?.map(({ name }) => name));
  for (const { path, method, operation } of operations) {
    const at = `${method} ${path}`;
    if (!METHODS.includes(method)) faults.push(`${at}: no method of HTTP`);
    if (!path.startsWith("/")) faults.push(`${at}: does not begin with /`);
    if (!operation.operationId || ids.has(operation.operationId)) faults.push(`${at}: operationId`);
    ids.add(operation.operationId ?? "");
    for (const tag of operation.tags ?? []) if (!tags.has(tag)) faults.push(`${at}: tag ${tag}`);
    faults.push(...parameterFaults(at, path, operation), ...answerFaults(at, operation));
    if (operation.requestBody && Object.keys(operation.requestBody.content).length === 0) {
      faults.push(`${at}: a body of no type`);
    }
  }
  const schemes = document.components?.securitySchemes ?? {};
  for (const name of (document.security ?? []).flatMap((one) => Object.keys(one))) {
    if (!Object.hasOwn(schemes, name)) faults.push(`security: ${name} is not declared`);
  }
  return [...faults, ...referenceFaults(document)];
}

function parameterFaults(at: string, path: string, { parameters = [] }: Operation): string[] {
  const inPath = Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name]) => name as string);
  const declared = parameters.filter((one) => one.in === "path");
  return [
    ...inPath
      .filter((name) => !declared.some((one) => one.name === name && one.required === true))
      .map((name) => `${at}: {${name}} is not declared`),
    ...declared
      .filter(({ name }) => !inPath.includes(name))
      .map(({ name }) => `${at}: ${name} is not in the path`),
    ...parameters.filter(({ schema }) => !schema).map(({ name }) => `${at}: ${name} has no schema`),
  ];
}

function answerFaults(at: string, { responses = {} }: Operation): string[] {
  const statuses = Object.entries(responses);
  if (statuses.length === 0) return [`${at}: no answers`];
  return statuses.flatMap(([status, { description }]) => [
    ...(/^([1-5]\d\d|[1-5]XX|default)$/.test(status) ? [] : [`${at}: status ${status}`]),
    ...(typeof description === "string" ? [] : [`${at}: ${status} has no description`]),
  ]);
}

/** References into the document must lead somewhere; those of a schema with a name of its own are its affair. */
function referenceFaults(document: unknown): string[] {
  const faults: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) return value.forEach(walk);
    if ("$id" in value) return;
    if ("$ref" in value && typeof value.$ref === "string" && !resolves(document, value.$ref)) {
      faults.push(`$ref ${value.$ref}: leads nowhere`);
    }
    Object.values(value).forEach(walk);
  };
  walk(document);
  return faults;
}

function resolves(document: unknown, reference: string): boolean {
  if (!reference.startsWith("#/")) return false;
  let at: unknown = document;
  for (const part of reference.slice(2).split("/")) {
    at = (at as Record<string, unknown> | undefined)?.[part.replaceAll("~1", "/")];
  }
  return at !== undefined;
}
