// Where log lines go: one configuration for the whole process.
//
// Pretty in a terminal, text elsewhere, JSON lines with LOG_JSON; a file beside it with LOG_FILE. What is bound by
// `withContext({ session_id, run_id, request_id })` of LogTape stands on every line below it. Lines leave redacted.
//   O1. Only this module configures logging; all others ask `getLogger(["holdfast", ...])`.
import { AsyncLocalStorage } from "node:async_hooks";
import {
  configure,
  dispose,
  getConsoleSink,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogRecord,
  type Sink,
  type TextFormatter,
} from "@logtape/logtape";
import { getFileSink } from "@logtape/file";
import { getPrettyFormatter } from "@logtape/pretty";
import type { Config } from "./config.ts";

/** What the process needs to log. */
export interface LogOptions {
  log: Config["log"];
  /** Whether stdout is a terminal. */
  terminal: boolean;
  /** Write to the console as well as to the file; default true. */
  console?: boolean;
  /** Replaces secrets in a line. */
  redact(line: string): string;
}

/** Configures logging; the result flushes and closes it. */
export async function configureLog(options: LogOptions): Promise<() => Promise<void>> {
  const sinks: Record<string, Sink> = {};
  if (options.console !== false) {
    sinks["console"] = getConsoleSink({ formatter: redacted(consoleFormatter(options), options.redact) });
  }
  if (options.log.file !== null) {
    const json = getJsonLinesFormatter({ properties: "flatten" });
    sinks["file"] = getFileSink(options.log.file, { formatter: redacted(json, options.redact), bufferSize: 0 });
  }
  await configure({
    reset: true,
    contextLocalStorage: new AsyncLocalStorage(),
    sinks,
    loggers: [
      { category: ["holdfast"], lowestLevel: options.log.level, sinks: Object.keys(sinks) },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: Object.keys(sinks) },
    ],
  });
  return dispose;
}

function consoleFormatter(options: LogOptions): TextFormatter {
  if (options.log.json) return getJsonLinesFormatter({ properties: "flatten" });
  if (options.terminal) return getPrettyFormatter({ properties: true, timestamp: "time" });
  const text = getTextFormatter({ timestamp: "rfc3339" });
  return (record) => text(record).trimEnd() + properties(record);
}

/** The facts of a line, which the text formatter leaves out. */
function properties(record: LogRecord): string {
  const pairs = Object.entries(record.properties).map(([key, value]) => ` ${key}=${JSON.stringify(fact(value))}`);
  return pairs.join("") + "\n";
}

/** An error as JSON is an empty object: its text, stack and causes are the fact. */
const fact = (value: unknown) => value instanceof Error ? Deno.inspect(value, { colors: false }) : value;

const redacted = (formatter: TextFormatter, redact: (line: string) => string): TextFormatter => (record) =>
  redact(formatter(record));
