// Raw output on its way into the log: redacted, with its place, in commands that fit a commit.
//
//   U1. A secret that is cut by the pieces of an unfinished line does not show: the end that may begin one is kept back
//       until the next piece of the same stream.
import { LINE_BYTES } from "../../engine/limits.ts";
import { draft, type EventDraft } from "../../model/event.ts";
import { utf8Length } from "../../model/utf8.ts";
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

/** Most bytes and events of one report: four reports fit a commit of the store with room for everything else. */
const MAX_BYTES = 48_000;
const MAX_EVENTS = 400;

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
  let report: { events: EventDraft[]; bytes: number } | null = null;
  for (const event of events) {
    const bytes = textBytes(event);
    if (report === null || report.bytes + bytes > MAX_BYTES || report.events.length >= MAX_EVENTS) {
      report = { events: [], bytes: 0 };
      reports.push(report);
    }
    report.events.push(event);
    report.bytes += bytes;
  }
  return reports;
}

/** What an event counts: its text and its place in the log. */
function textBytes(event: EventDraft): number {
  const data: Record<string, unknown> = event.data;
  const text = data["message"] ?? data["text"];
  return typeof text === "string" ? utf8Length(text) + LINE_BYTES : 200;
}
