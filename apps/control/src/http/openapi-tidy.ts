// Puts a generated OpenAPI document right: one component where input and output are the same, none that nothing refers
// to, and an order that does not depend on when a route was registered.
import { STATUS_CODES } from 'node:http';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const PREFIX = '#/components/schemas/';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toJson = (document: object): JsonObject => JSON.parse(JSON.stringify(document)) as JsonObject;

function mapReferences(value: Json, rename: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((v) => mapReferences(v, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [
      key,
      key === '$ref' && typeof v === 'string' && v.startsWith(PREFIX)
        ? PREFIX + rename(v.slice(PREFIX.length))
        : mapReferences(v, rename),
    ]),
  );
}

function referencesOf(value: Json, found = new Set<string>()): Set<string> {
  mapReferences(value, (name) => {
    found.add(name);
    return name;
  });
  return found;
}

/**
 * The generator writes every shape twice, as `X` for answers and as `XInput` for requests. They become one unless they
 * differ, such as by a default; and where only one of them is referred to, it is called `X`.
 */
export function joinTwins(document: object): JsonObject {
  const whole = toJson(document);
  const schemas = schemasOf(whole);
  const twins = new Set(Object.keys(schemas).filter((name) => isTwin(schemas, name, new Set())));
  const joined = Object.fromEntries(
    Object.entries(schemas)
      .filter(([name]) => !twins.has(name))
      // Of twins the request's text is kept: the generator marks every answer as closed, whatever the shape says.
      .map(([name, schema]) => [name, twins.has(`${name}Input`) ? (schemas[`${name}Input`] ?? schema) : schema]),
  );
  const one = mapReferences(withSchemas(whole, joined), (name) => (twins.has(name) ? base(name) : name));
  if (!isObject(one)) throw new Error('a document stays an object');
  return renameLone(withSchemas(one, reachable(one)));
}

const base = (name: string): string => name.slice(0, -'Input'.length);

function isTwin(schemas: JsonObject, name: string, assumed: Set<string>): boolean {
  const [input, output] = [schemas[name], schemas[base(name)]];
  if (!name.endsWith('Input') || input === undefined || output === undefined) return false;
  if (assumed.has(name)) return true;
  // What is transformed on the way in has no describable output; it is written as it is read.
  if (JSON.stringify(output) !== '{}' && plain(input) !== plain(output)) return false;
  return [...referencesOf(input)].every((n) => !n.endsWith('Input') || isTwin(schemas, n, new Set([...assumed, name])));
}

/** Without what the generator adds to one side only. */
const plain = (schema: Json): string =>
  JSON.stringify(mapReferences(schema, (n) => (n.endsWith('Input') ? base(n) : n))).replaceAll(
    ',"additionalProperties":false',
    '',
  );

function renameLone(document: JsonObject): JsonObject {
  const schemas = schemasOf(document);
  const rename = (name: string): string =>
    name.endsWith('Input') && schemas[base(name)] === undefined ? base(name) : name;
  const renamed = mapReferences(document, rename);
  if (!isObject(renamed)) throw new Error('a document stays an object');
  const named = Object.entries(schemasOf(renamed)).map(([name, schema]) => [rename(name), schema]);
  return withSchemas(renamed, Object.fromEntries(named) as JsonObject);
}

const schemasOf = (document: JsonObject): JsonObject => {
  const components = document['components'];
  const schemas = isObject(components) ? components['schemas'] : undefined;
  return isObject(schemas) ? schemas : {};
};

const withSchemas = (document: JsonObject, schemas: JsonObject): JsonObject => ({
  ...document,
  components: { ...(isObject(document['components']) ? document['components'] : {}), schemas },
});

function reachable(document: JsonObject): JsonObject {
  const schemas = schemasOf(document);
  const found = referencesOf(document['paths'] ?? {});
  for (const name of found) for (const next of referencesOf(schemas[name] ?? {})) found.add(next);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => found.has(name)));
}

/** Takes out what says nothing: the bounds of every whole number, and the generator's word for an answer. */
export function plainer(value: Json): Json {
  if (Array.isArray(value)) return value.map(plainer);
  if (!isObject(value)) return value;
  const entries = Object.entries(value)
    .filter(([key, v]) => !(key === 'maximum' && v === Number.MAX_SAFE_INTEGER))
    .filter(([key, v]) => !(key === 'minimum' && v === Number.MIN_SAFE_INTEGER))
    .map(([key, v]): [string, Json] => [key, named(key, plainer(v))]);
  return Object.fromEntries(entries);
}

const named = (status: string, response: Json): Json =>
  isObject(response) && response['description'] === 'Default Response'
    ? { ...response, description: STATUS_CODES[status] ?? 'The answer' }
    : response;

/** Paths, operations and components by name. */
export function sorted(document: Json): JsonObject {
  if (!isObject(document)) throw new Error('a document is an object');
  const byName = (o: Json | undefined): JsonObject =>
    Object.fromEntries(Object.entries(isObject(o) ? o : {}).sort(([a], [b]) => (a < b ? -1 : 1)));
  const paths = Object.entries(byName(document['paths'])).map(([path, item]) => [path, byName(item)]);
  return withSchemas({ ...document, paths: Object.fromEntries(paths) as JsonObject }, byName(schemasOf(document)));
}
