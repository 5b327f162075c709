// Where the harness kills: the places of lib/store/fault_point.ts, the phase that each stands for, what must happen there.
import type { FaultPoint } from "@/lib/store/fault_point.ts";

/** What a kill is aimed at. */
export type Kind = "server" | "sandbox" | "socket";
/** The phases of which the report counts kills. */
export const PHASES = [
  "idle",
  "in a leaf",
  "before a commit",
  "between commit and fan-out",
  "between commit and ack",
  "in a wait",
  "in a start",
  "in recovery",
  "in a delete",
  "in a migration",
] as const;
/** A phase. */
export type Phase = (typeof PHASES)[number];

/** What people do so that a place is passed. */
export type Need =
  /** Runs that go on. */
  | "runs"
  /** Runs of which many start at once. */
  | "starts"
  /** Runs whose blocks take long. */
  | "long runs"
  /** Runs that ask. */
  | "questions"
  /** A session that is deleted. */
  | "deletes"
  /** A run that executed when the life before was killed. */
  | "lease"
  /** A store with rows that is at an older version. */
  | "old"
  /** Nothing executes. */
  | "rest";

/** A place as the harness uses it. */
export interface Place {
  readonly point: FaultPoint;
  readonly phase: Phase;
  readonly need: Need;
  /** The latest pass at which it is used. */
  readonly most: number;
  readonly kinds: readonly Kind[];
}

const MOSTLY_SERVER: readonly Kind[] = ["server", "server", "socket"];
const ALL: readonly Kind[] = ["server", "server", "sandbox", "socket"];
const AT_WORK: readonly Kind[] = ["server", "sandbox", "sandbox", "socket"];
const SERVER: readonly Kind[] = ["server"];

/** What is dealt: a phase, and where it must be what is killed. */
export interface Card {
  readonly phase: Phase;
  readonly kind?: Kind;
}
/** The deck: each phase, and twice those in which most can go wrong. */
export const DECK: readonly Card[] = [
  ...PHASES.map((phase) => ({ phase })),
  { phase: "in a leaf", kind: "sandbox" },
  { phase: "before a commit", kind: "server" },
];

/** All places. */
export const PLACES: readonly Place[] = [
  { point: "idle.turn", phase: "idle", need: "rest", most: 2, kinds: SERVER },
  { point: "leaf.began", phase: "in a leaf", need: "runs", most: 8, kinds: ALL },
  { point: "leaf.output", phase: "in a leaf", need: "runs", most: 25, kinds: AT_WORK },
  { point: "leaf.ended", phase: "in a leaf", need: "runs", most: 8, kinds: ALL },
  { point: "commit.decided", phase: "before a commit", need: "runs", most: 50, kinds: MOSTLY_SERVER },
  { point: "commit.slow", phase: "before a commit", need: "starts", most: 4, kinds: SERVER },
  { point: "commit.slow", phase: "before a commit", need: "questions", most: 8, kinds: SERVER },
  { point: "commit.sent", phase: "before a commit", need: "runs", most: 50, kinds: MOSTLY_SERVER },
  { point: "commit.landed", phase: "between commit and fan-out", need: "runs", most: 50, kinds: MOSTLY_SERVER },
  { point: "commit.told", phase: "between commit and ack", need: "runs", most: 50, kinds: MOSTLY_SERVER },
  { point: "wait.begun", phase: "in a wait", need: "questions", most: 3, kinds: ALL },
  { point: "wait.over", phase: "in a wait", need: "questions", most: 3, kinds: ALL },
  { point: "claim.made", phase: "in a start", need: "runs", most: 3, kinds: ALL },
  { point: "replay.sent", phase: "in a start", need: "lease", most: 1, kinds: ALL },
  { point: "recovery.found", phase: "in recovery", need: "lease", most: 1, kinds: SERVER },
  { point: "recovery.taken", phase: "in recovery", need: "lease", most: 1, kinds: SERVER },
  { point: "sweep.claimed", phase: "in a delete", need: "deletes", most: 2, kinds: SERVER },
  { point: "sweep.folder", phase: "in a delete", need: "deletes", most: 2, kinds: SERVER },
  { point: "sweep.rows", phase: "in a delete", need: "deletes", most: 8, kinds: SERVER },
  { point: "migrate.rows", phase: "in a migration", need: "old", most: 1, kinds: SERVER },
  { point: "migrate.before", phase: "in a migration", need: "old", most: 1, kinds: SERVER },
  { point: "migrate.after", phase: "in a migration", need: "old", most: 1, kinds: SERVER },
];
