// The REST interface as OpenAPI 3.1, made from the table of routes and the schemas: it cannot say anything else than
// what the routes check.
import * as z from "zod";
import type { Json, JsonObject } from "../model/json.ts";
import { Problem } from "../protocol/rest.ts";
import { type Method, type Operation, type Operations, PARAMS, ROUTES } from "../protocol/routes.ts";

/** Makes the document. */
export function openapi({ version, url }: { version: string; url: string }): JsonObject {
  const paths: JsonObject = {};
  for (const [path, operations] of Object.entries(ROUTES)) paths[path] = pathItem(path, operations);
  return {
    openapi: "3.1.0",
    info: { title: "Holdfast", version, description: "Agent workflows for many people. Errors are RFC 9457 problems." },
    servers: [{ url }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        cookie: { type: "apiKey", in: "cookie", name: "holdfast_session" },
      },
      schemas: { Problem: schemaOf(Problem, "output") },
    },
    security: [{ bearer: [] }, { cookie: [] }],
  };
}

function pathItem(path: string, operations: Operations): JsonObject {
  const item: JsonObject = {};
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map((match) => pathParameter(match[1] ?? ""));
  if (parameters.length > 0) item.parameters = parameters;
  for (const [method, operation] of Object.entries(operations)) {
    item[method.toLowerCase()] = operationObject({ path, method, operation });
  }
  return item;
}

const isParam = (name: string): name is keyof typeof PARAMS => Object.hasOwn(PARAMS, name);
function pathParameter(name: string): JsonObject {
  return { name, in: "path", required: true, schema: isParam(name) ? schemaOf(PARAMS[name], "input") : {} };
}

interface Named {
  path: string;
  method: string;
  operation: Operation;
}
function operationObject({ path, method, operation }: Named): JsonObject {
  const parameters = [...queryParameters(operation), ...(operation.idempotent ? [IDEMPOTENCY_KEY] : [])];
  return {
    operationId: operationId(method, path),
    summary: operation.summary,
    ...(operation.who === "everyone" ? { security: [] } : {}),
    ...(operation.who === "admin" ? { description: "For administrators." } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBody(operation),
    responses: {
      [String(operation.status)]: { description: operation.summary, ...content(operation.answer) },
      default: {
        description: "An error",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

const IDEMPOTENCY_KEY: JsonObject = {
  name: "Idempotency-Key",
  in: "header",
  description: "The same key and body within 24 hours give the first answer.",
  schema: { type: "string", minLength: 1, maxLength: 200 },
};

/** `GET /api/runs/{run_id}/messages` is `getRunsMessages`; names in braces come with By. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/api\//, "").split(/[/.]/).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    const text = name === undefined ? part : `by_${name}`;
    return text.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  });
  return method.toLowerCase() + words.join("");
}

function queryParameters(operation: Operation): JsonObject[] {
  if (operation.query === undefined) return [];
  const schema = schemaOf(operation.query, "input");
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: property,
  }));
}

function requestBody(operation: Operation): JsonObject {
  if (operation.body === undefined) return {};
  if (operation.body === "file") {
    return { requestBody: { required: true, content: { "application/octet-stream": {} } } };
  }
  return { requestBody: { content: { "application/json": { schema: schemaOf(operation.body, "input") } } } };
}

function content(answer: Operation["answer"]): JsonObject {
  if (answer === null) return {};
  if (typeof answer === "string") return { content: { [answer]: {} } };
  return { content: { "application/json": { schema: schemaOf(answer, "output") } } };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A zod schema as JSON Schema; what JSON Schema cannot say is left open. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const made = withoutRefs(JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: "any" }))));
  if (!isObject(made)) return {};
  const { $schema: _schema, $defs: _defs, ...rest } = made;
  return rest;
}

/** The only recursive schema is "any JSON value", and a reference inside an OpenAPI document would point elsewhere. */
function withoutRefs(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutRefs);
  if (!isObject(value)) return value;
  if (typeof value.$ref === "string") return { description: "any JSON value" };
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutRefs(inner)]));
}

/** The methods of a path with their operations, for readers of the table. */
export function operationsOf(operations: Operations): [Method, Operation][] {
  const methods: readonly Method[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  return methods.flatMap((method): [Method, Operation][] => {
    const operation = operations[method];
    return operation === undefined ? [] : [[method, operation]];
  });
}
