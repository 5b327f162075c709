// Frames as text: what is about the connection, and how a stored line gets its topic.
//
//   FR1. A stored line is never parsed and written again: `{"topic":"…",` stands in place of its `{`.
//   FR2. `topic` is the first field of a frame, so that a client can route it before it reads the rest.
import { timestamp } from "../model/ids.ts";
import type { ConnectionFrame } from "../protocol/live.ts";

/** The kinds of frames about the connection itself. */
export type FrameType = ConnectionFrame["event_type"];

/** What a connection frame says. */
export interface FrameParts {
  topic?: string | undefined;
  /** Fields that JSON can write. */
  data?: object;
  /** Milliseconds since the epoch. */
  now: number;
}

/** A frame about the connection, never in the log. */
export function connectionFrame(event_type: FrameType, { topic, data = {}, now }: FrameParts): string {
  const about = topic === undefined ? {} : { topic };
  return JSON.stringify({ ...about, event_type, timestamp: timestamp(now), data });
}

/** The frame of one stored line under its topic. */
export function topicFrame(topic: string, line: string): string {
  return `{"topic":${JSON.stringify(topic)},${line.slice(1)}`;
}

/** The frame of several stored lines, each with its newline, under their topic: JSON has none inside a line. */
export function batchFrame(topic: string, ndjson: string): string {
  return `{"topic":${JSON.stringify(topic)},"batch":[${ndjson.slice(0, -1).replace(/\n/g, ",")}]}`;
}
