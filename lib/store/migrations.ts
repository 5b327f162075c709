// The version of what the store holds: ordered steps, each repeatable, each with its way back.
//
//   X1. The store names its version. A newer store is refused: this server would not understand what it reads.
//   X2. A step may be cut off and is then done again; its version is written after it.
import * as z from "zod";
import { AppError } from "../model/error.ts";
import { passing } from "./fault_point.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import type { Migration } from "./migrations/migration.ts";
import { runsByOwner } from "./migrations/runs_by_owner.ts";
import { decodeRow, encodeRow } from "./mutation.ts";

export type { Migration };

/** The version of a store that was made by this server without a step. */
export const FIRST_VERSION = 1;
/** All steps, in order. */
export const MIGRATIONS: readonly Migration[] = [runsByOwner];

const SchemaRow = z.strictObject({ version: z.int().min(1) });

/** The version of the store; null for an empty one. */
export async function schemaVersion(kv: Kv): Promise<number | null> {
  return decodeRow(SchemaRow, await kv.get(keys.schema()))?.version ?? null;
}

/**
 * Brings the store to a version (default: the newest that this server knows). Throws AppError `conflict` when it is newer
 * than this server.
 */
export async function migrate(
  kv: Kv,
  options: { migrations?: readonly Migration[]; to?: number } = {},
): Promise<{ from: number; to: number }> {
  const migrations = options.migrations ?? MIGRATIONS;
  const newest = migrations.at(-1)?.to ?? FIRST_VERSION;
  const to = options.to ?? newest;
  const from = await schemaVersion(kv) ?? await begin(kv, newest);
  if (from > newest) {
    throw new AppError(
      "conflict",
      `Cannot open the store: it is at version ${from}, this server knows up to ${newest}. Start a newer server.`,
    );
  }
  for (let version = from; version < to; version++) {
    await stepTo(migrations, version + 1).up(kv);
    await writeVersion(kv, version + 1);
  }
  for (let version = from; version > to; version--) {
    await stepTo(migrations, version).down(kv);
    await writeVersion(kv, version - 1);
  }
  return { from, to };
}

/** An empty store begins at the newest version. */
async function begin(kv: Kv, newest: number): Promise<number> {
  await writeVersion(kv, newest);
  return newest;
}

function stepTo(migrations: readonly Migration[], to: number): Migration {
  const step = migrations.find((one) => one.to === to);
  if (step === undefined) throw new RangeError(`Cannot migrate to version ${to}: there is no such step`);
  return step;
}

async function writeVersion(kv: Kv, version: number): Promise<void> {
  const key = keys.schema();
  const { versionstamp } = await kv.get(key);
  passing("migrate.before");
  await kv.atomic().check({ key, versionstamp }).set(key, encodeRow({ version })).commit();
  passing("migrate.after");
  if (await schemaVersion(kv) !== version) {
    throw new AppError("conflict", `Cannot bring the store to version ${version}: another server changes it too`);
  }
}
