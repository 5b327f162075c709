// Every setting of the process: read once, checked, frozen.
//
// Owns the environment: no other module of lib reads it. Flag > environment > default > refuse to start; an empty value
// counts as not set. Leaves to lib/model/config.ts: what one session is configured with.
//   G1. A wrong value refuses the start and names the variable; nothing is clamped or guessed.
//   G2. `describeConfig` names what was chosen and never a secret.
import * as z from "zod";
import { AppError } from "./model/error.ts";

/** Secrets shorter than this cannot be replaced in texts without spoiling them. */
const MIN_SECRET = 4;
const SECRET_PREFIX = "HOLDFAST_SECRET_";
const MODES = ["auto", "bwrap", "limits", "plain"] as const;
const LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;

const whole = (min: number, max: number) =>
  z.string().regex(/^\d+$/, "a whole number").transform(Number).pipe(z.int().min(min).max(max));
const seconds = (min: number, max: number) =>
  z.string().regex(/^\d+(\.\d+)?$/, "a number of seconds").transform(Number).pipe(z.number().min(min).max(max));
const origin = z.string().transform((text, ctx) => {
  const url = URL.parse(text);
  const bare = url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search && !url.hash &&
    url.username === "" && url.password === "";
  if (url !== null && bare) return url.origin;
  ctx.addIssue({ code: "custom", message: "an origin such as https://holdfast.example.org, without path or user" });
  return z.NEVER;
});
const webUrl = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "an http(s) URL");
const yesNo = z.enum(["true", "false"]).transform((text) => text === "true");
const list = (text: string) => text.split(",").map((part) => part.trim()).filter((part) => part !== "");

const hostPattern = z.string().toLowerCase().regex(
  /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d{1,5})?$/,
  "a host such as api.example.com, api.example.com:8443 or *.example.com",
);
const absolute = z.string().startsWith("/", "an absolute path");

/** Every variable of the environment but HOLDFAST_SECRET_*; values as text. */
const Variables = z.object({
  HOST: z.string().regex(/^[A-Za-z0-9.:_-]+$/, "a host name or address").default("127.0.0.1"),
  PORT: whole(0, 65_535).default(8000),
  HOLDFAST_PUBLIC_URL: origin.optional(),
  HOLDFAST_ORIGINS: z.string().transform(list).pipe(z.array(origin)).default([]),
  HOLDFAST_DATA: z.string().default("./data"),
  HOLDFAST_KV: z.string().optional(),
  DENO_KV_ACCESS_TOKEN: z.string().optional(),
  HOLDFAST_TOKEN: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/, "16-128 characters A-Z a-z 0-9 _ -").optional(),
  HOLDFAST_AUTH: z.enum(["on", "off"]).default("on"),
  HOLDFAST_CONCURRENCY: whole(1, 1000).default(10),
  HOLDFAST_WARM: whole(0, 100).default(2),
  MAX_CONNECTIONS: whole(1, 1_000_000).default(1000),
  SESSION_TTL: whole(0, 3_153_600_000).default(2_592_000),
  APPROVAL_TIMEOUT: whole(1, 31_536_000).default(604_800),
  RUN_TIMEOUT: whole(1, 604_800).default(3600),
  HOLDFAST_OUTPUT_MB: whole(1, 10_240).default(64),
  HOLDFAST_MEMORY_MB: whole(64, 65_536).default(512),
  HOLDFAST_DISK_MB: whole(1, 1_048_576).default(1024),
  HOLDFAST_WAIT_HOLD: seconds(0, 86_400).default(60),
  HOLDFAST_MAX_TAKEOVERS: whole(1, 100).default(3),
  HOLDFAST_DRAIN: seconds(0, 3600).default(30),
  HOLDFAST_SANDBOX: z.enum(MODES).default("auto"),
  HOLDFAST_WORKFLOWS: z.string().optional(),
  HOLDFAST_RATE: whole(0, 100_000).default(20),
  HOLDFAST_ASK_NET: z.string().transform(list).pipe(z.array(hostPattern)).default(["any"]),
  HOLDFAST_ASK_READ: z.string().transform(list).pipe(z.array(absolute)).default([]),
  HOLDFAST_NET_PRIVATE: z.string().transform(list).pipe(z.array(hostPattern)).default([]),
  HOLDFAST_METRICS: z.enum(["admin", "open"]).default("admin"),
  LOG_LEVEL: z.string().toLowerCase().transform((text) => text === "warn" ? "warning" : text).pipe(z.enum(LEVELS))
    .default("info"),
  LOG_JSON: yesNo.default(false),
  LOG_FILE: z.string().optional(),
  OPENAI_BASE_URL: webUrl.optional(),
  OPENAI_API_KEY: z.string().optional(),
  HOLDFAST_MODEL: z.string().max(200).optional(),
  HOLDFAST_FAULT: z.string().max(1000).optional(),
});
type Values = z.infer<typeof Variables>;
/** Name of a setting, the same as flag and as variable. */
export type Variable = keyof Values;
/** The names of all settings. */
export const VARIABLES: readonly string[] = Object.keys(Variables.shape);

const loopback = (host: string) => host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** Settings of the process. Seconds, megabytes, US dollars. */
export type Config = Readonly<{
  host: string;
  port: number;
  /** Origin of the server where a proxy stands before it; null: `http://HOST:PORT`. */
  public_url: string | null;
  origins: readonly string[];
  data: string;
  kv: string;
  token: string | null;
  auth: boolean;
  concurrency: number;
  warm: number;
  max_connections: number;
  session_ttl_s: number;
  approval_timeout_s: number;
  run_timeout_s: number;
  output_mb: number;
  memory_mb: number;
  disk_mb: number;
  wait_hold_s: number;
  max_takeovers: number;
  drain_s: number;
  sandbox: (typeof MODES)[number];
  workflows: string | null;
  /** Requests a second of one person who is no administrator; 0: no limit. */
  rate: number;
  /** What a person may be asked for beside what a session was started with. */
  ask: Readonly<{ net: "any" | readonly string[]; read: readonly string[] }>;
  /** Hosts that may lie on private addresses. */
  private_hosts: readonly string[];
  metrics: "admin" | "open";
  log: Readonly<{ level: (typeof LEVELS)[number]; json: boolean; file: string | null }>;
  model: Readonly<{ base_url: string | null; api_key: string | null; name: string | null }>;
  /** Values of HOLDFAST_SECRET_NAME by NAME. */
  secrets: ReadonlyMap<string, string>;
  /** Where tests let this process die (lib/store/fault_point.ts); null: nowhere. */
  fault: string | null;
}>;

/** Reads the settings of this process: `flags` before the environment. Throws AppError `invalid` naming each wrong one. */
export function loadConfig(flags: Readonly<Record<string, string>> = {}): Config {
  return parseConfig(Deno.env.toObject(), flags);
}

/** Makes settings of given variables; the pure part of `loadConfig`. Throws AppError `invalid`. */
export function parseConfig(
  environment: Readonly<Record<string, string>>,
  flags: Readonly<Record<string, string>> = {},
): Config {
  const unknown = Object.keys(flags).filter((name) => !VARIABLES.includes(name));
  if (unknown.length > 0) throw refused(unknown.map((name) => ({ path: name, message: "no such setting" })));
  const given = { ...withoutEmpty(environment), ...withoutEmpty(flags) };
  const parsed = Variables.safeParse(given);
  if (!parsed.success) {
    throw refused(parsed.error.issues.map((issue) => ({ path: String(issue.path[0]), message: issue.message })));
  }
  const secrets = readSecrets(given);
  const conflicts = checkTogether(parsed.data);
  if (conflicts.length > 0) throw refused(conflicts);
  return freeze(parsed.data, secrets);
}

const withoutEmpty = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ""));

function refused(errors: { path: string; message: string }[]): AppError {
  const lines = errors.map((one) => `${one.path}: ${one.message}`);
  return new AppError("invalid", `Cannot start: the settings do not fit: ${lines.join("; ")}`, { errors });
}

function readSecrets(given: Record<string, string>): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const [variable, value] of Object.entries(given)) {
    if (!variable.startsWith(SECRET_PREFIX)) continue;
    const name = variable.slice(SECRET_PREFIX.length);
    if (!/^[A-Z0-9_]{1,100}$/.test(name)) {
      throw refused([{ path: variable, message: "a secret's name has the characters A-Z 0-9 _" }]);
    }
    if (value.length < MIN_SECRET) {
      throw refused([{ path: variable, message: `shorter than ${MIN_SECRET} characters: it could not be redacted` }]);
    }
    secrets.set(name, value);
  }
  return secrets;
}

/** Settings that are right alone and wrong together. */
function checkTogether(values: Values): { path: string; message: string }[] {
  const errors: { path: string; message: string }[] = [];
  if (values.HOLDFAST_AUTH === "off" && !loopback(values.HOST)) {
    errors.push({ path: "HOLDFAST_AUTH", message: `off is only for loopback, and HOST is ${values.HOST}` });
  }
  const remote = /^https?:/.test(values.HOLDFAST_KV ?? "");
  if (remote && values.DENO_KV_ACCESS_TOKEN === undefined) {
    errors.push({ path: "DENO_KV_ACCESS_TOKEN", message: "needed with a KV Connect server in HOLDFAST_KV" });
  }
  const service = [values.OPENAI_BASE_URL, values.OPENAI_API_KEY].some((value) => value !== undefined);
  if (service && values.HOLDFAST_MODEL === undefined) {
    errors.push({
      path: "HOLDFAST_MODEL",
      message: "needed with OPENAI_BASE_URL or OPENAI_API_KEY: which model to ask",
    });
  }
  return errors;
}

function freeze(v: Values, secrets: ReadonlyMap<string, string>): Config {
  return Object.freeze({
    host: v.HOST,
    port: v.PORT,
    public_url: v.HOLDFAST_PUBLIC_URL ?? null,
    origins: Object.freeze(v.HOLDFAST_ORIGINS),
    data: v.HOLDFAST_DATA,
    kv: v.HOLDFAST_KV ?? `${v.HOLDFAST_DATA.replace(/\/+$/, "")}/holdfast.kv`,
    token: v.HOLDFAST_TOKEN ?? null,
    auth: v.HOLDFAST_AUTH === "on",
    concurrency: v.HOLDFAST_CONCURRENCY,
    warm: v.HOLDFAST_WARM,
    max_connections: v.MAX_CONNECTIONS,
    session_ttl_s: v.SESSION_TTL,
    approval_timeout_s: v.APPROVAL_TIMEOUT,
    run_timeout_s: v.RUN_TIMEOUT,
    output_mb: v.HOLDFAST_OUTPUT_MB,
    memory_mb: v.HOLDFAST_MEMORY_MB,
    disk_mb: v.HOLDFAST_DISK_MB,
    wait_hold_s: v.HOLDFAST_WAIT_HOLD,
    max_takeovers: v.HOLDFAST_MAX_TAKEOVERS,
    drain_s: v.HOLDFAST_DRAIN,
    sandbox: v.HOLDFAST_SANDBOX,
    workflows: v.HOLDFAST_WORKFLOWS ?? null,
    rate: v.HOLDFAST_RATE,
    ask: Object.freeze({ net: askedHosts(v.HOLDFAST_ASK_NET), read: Object.freeze(v.HOLDFAST_ASK_READ) }),
    private_hosts: Object.freeze(v.HOLDFAST_NET_PRIVATE),
    metrics: v.HOLDFAST_METRICS,
    log: Object.freeze({ level: v.LOG_LEVEL, json: v.LOG_JSON, file: v.LOG_FILE ?? null }),
    model: Object.freeze({
      base_url: v.OPENAI_BASE_URL ?? null,
      api_key: v.OPENAI_API_KEY ?? null,
      name: v.HOLDFAST_MODEL ?? null,
    }),
    secrets,
    fault: v.HOLDFAST_FAULT ?? null,
  });
}

function askedHosts(given: readonly string[]): "any" | readonly string[] {
  if (given.includes("any")) return "any";
  return Object.freeze(given.includes("none") ? [] : given);
}

/** Names what was chosen, for the first log line: secrets only as `set` or by name. */
export function describeConfig(config: Config): Record<string, string | number | boolean | null> {
  const flat: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(config)) {
    if (name === "token" || name === "secrets" || name === "log" || name === "model" || name === "origins") continue;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null) {
      flat[name] = value;
    }
  }
  return {
    ...flat,
    kv: withoutUser(config.kv),
    origins: config.origins.join(", "),
    ask_net: config.ask.net === "any" ? "any public host" : config.ask.net.join(", ") || "none",
    ask_read: config.ask.read.join(", ") || "none",
    private_hosts: config.private_hosts.join(", ") || "none",
    token: config.token === null ? "made by the server" : "set",
    secrets: [...config.secrets.keys()].join(", "),
    log_level: config.log.level,
    log_json: config.log.json,
    log_file: config.log.file,
    model: config.model.name ?? "runbook",
    model_url: config.model.base_url === null ? null : withoutUser(config.model.base_url),
    model_key: config.model.api_key === null ? "none" : "set",
  };
}

/** An address without its user and password. */
function withoutUser(address: string): string {
  return address.replace(/^(https?:\/\/)[^/@]*@/, "$1");
}

/** Every secret of the process by the name that stands in its place: `[redacted:NAME]`. */
export function secretsToRedact(config: Config): ReadonlyMap<string, string> {
  const all = new Map(config.secrets);
  if (config.token !== null) all.set("HOLDFAST_TOKEN", config.token);
  const key = config.model.api_key;
  if (key !== null && key.length >= MIN_SECRET) all.set("OPENAI_API_KEY", key);
  return all;
}

/** Settings given as flags: `--PORT=0` or `--port 0`; names of the environment, HOLDFAST_ may be left out. */
export function readFlags(args: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const [, written, given] = /^--([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (written === undefined) {
      throw new AppError("invalid", `Cannot start: "${arg}" is no setting; write --NAME=value`);
    }
    const name = written.toUpperCase().replaceAll("-", "_");
    const value = given ?? left.shift();
    if (value === undefined) throw new AppError("invalid", `Cannot start: --${written} has no value`);
    flags[VARIABLES.includes(name) ? name : `HOLDFAST_${name}`] = value;
  }
  return flags;
}
