// Raw output on its way into the log: redacted, with its place, in commands that fit a commit.
//
//   U1. A secret that is cut by the pieces of an unfinished line does not show: the end that may begin one is kept back
//       until the next piece of the same stream.
import { LINE_BYTES } from "../../engine/limits.ts";
import { draft, type EventDraft } from "../../model/event.ts";
import { jsonTextLength, utf8Length } from "../../model/utf8.ts";
import { RedactedStream, type Redactor } from "../redact.ts";

/** A line as ports give it. */
export interface OutputLine {
  stream: "stdout" | "stderr";
  message: string;
  partial: boolean;
}
/** Where output comes from. */
export interface OutputSource {
  readonly run_id: string;
  /** Name shown beside each line. */
  readonly source: string;
  readonly step_id?: string;
  readonly attempt?: number;
}

/** Most bytes of text and most events of one report. */
const MAX_BYTES = 48_000;
const MAX_EVENTS = 400;
/** Most bytes that its lines take in the log: a command has room for these and for all that goes beside them. */
const MAX_LOG_BYTES = 120_000;
/** What a line of the log holds beside the run's id and its data. */
const FRONT_BYTES = 220;

/** Turns raw lines of one source into reports. */
export class OutputLog {
  readonly #source: OutputSource;
  readonly #redactor: Redactor;
  readonly #open: Record<"stdout" | "stderr", RedactedStream | null> = { stdout: null, stderr: null };

  constructor(source: OutputSource, redactor: Redactor) {
    this.#source = source;
    this.#redactor = redactor;
  }

  /** The reports of these lines, each small enough for one command. */
  reports(lines: readonly OutputLine[]): { events: EventDraft[]; bytes: number }[] {
    return packReports(lines.map((line) => this.#event(line)).filter((event) => event !== null));
  }

  /** The reports of what was kept back: the source is at an end. */
  end(): { events: EventDraft[]; bytes: number }[] {
    const rests = (["stdout", "stderr"] as const).map((stream) => {
      const rest = this.#open[stream]?.end() ?? "";
      this.#open[stream] = null;
      return rest === "" ? null : this.#draft({ stream, partial: false }, rest);
    });
    return packReports(rests.filter((event) => event !== null));
  }

  #event(line: OutputLine): EventDraft | null {
    const open = this.#open[line.stream];
    if (!line.partial) {
      this.#open[line.stream] = null;
      const message = open === null ? this.#redactor.text(line.message) : open.push(line.message) + open.end();
      return this.#draft(line, message);
    }
    const stream = open ?? new RedactedStream(this.#redactor);
    this.#open[line.stream] = stream;
    const message = stream.push(line.message);
    return message === "" ? null : this.#draft(line, message);
  }

  #draft(line: Pick<OutputLine, "stream" | "partial">, message: string): EventDraft {
    const { run_id, source, step_id, attempt } = this.#source;
    return draft("output", run_id, {
      message,
      stream: line.stream,
      source,
      ...(line.partial ? { partial: true as const } : {}),
      ...(step_id === undefined ? {} : { step_id }),
      ...(attempt === undefined ? {} : { attempt }),
    });
  }
}

/** Packs events into reports that fit one command; `bytes` is what they count of the run's output. */
export function packReports(events: readonly EventDraft[]): { events: EventDraft[]; bytes: number }[] {
  const reports: { events: EventDraft[]; bytes: number }[] = [];
  const sizes = new LineSizes();
  let report: { events: EventDraft[]; bytes: number } | null = null;
  let log_bytes = 0;
  for (const event of events) {
    const bytes = textBytes(event);
    const size = sizes.of(event);
    const full = report === null || report.bytes + bytes > MAX_BYTES || report.events.length >= MAX_EVENTS;
    if (report === null || full || log_bytes + size > MAX_LOG_BYTES) {
      report = { events: [], bytes: 0 };
      reports.push(report);
      log_bytes = 0;
    }
    report.events.push(event);
    report.bytes += bytes;
    log_bytes += size;
  }
  return reports;
}

/** What events take as lines of the log; what output has beside its text is the same for all lines of one source. */
class LineSizes {
  #source: unknown = null;
  #step_id: unknown = null;
  #rest = 0;

  of({ event_type, run_id, data }: EventDraft): number {
    const front = FRONT_BYTES + (run_id?.length ?? 0);
    if (event_type !== "output") return front + utf8Length(JSON.stringify(data));
    const { message, source, step_id } = data;
    if (source !== this.#source || step_id !== this.#step_id) {
      this.#source = source;
      this.#step_id = step_id;
      this.#rest = utf8Length(JSON.stringify({ ...data, message: "" })) + PARTIAL_BYTES;
    }
    return front + this.#rest + jsonTextLength(message);
  }
}
/** What marks a line as a part of one. */
const PARTIAL_BYTES = 15;

/** What an event counts: its text and its place in the log. */
function textBytes(event: EventDraft): number {
  const data: Record<string, unknown> = event.data;
  const text = data["message"] ?? data["text"];
  return typeof text === "string" ? utf8Length(text) + LINE_BYTES : 200;
}
