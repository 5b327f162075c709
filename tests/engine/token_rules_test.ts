import { assert, assertEquals } from "@std/assert";
import { decideToken, MAX_TOKENS, mayEndToken, type TokenFacts } from "@/lib/engine/token_rules.ts";
import { packSummary } from "@/lib/engine/summary_row.ts";
import { fitSummary } from "@/lib/engine/summary_row.ts";
import { MAX_SUMMARY_BYTES, summaryOf } from "@/lib/engine/summary.ts";
import { UserId, UserName } from "@/lib/model/principal.ts";
import { ADMIN, OTHER, OWNER, Story } from "./support/story.ts";

const NOW = Date.parse("2026-03-01T12:00:00.000Z");
const facts = (more: Partial<TokenFacts> = {}): TokenFacts => ({
  now: NOW,
  known: null,
  count: 0,
  maker_ends: null,
  ...more,
});
const later = (s: number) => new Date(NOW + s * 1000).toISOString();

Deno.test("[ENG-TK1] administrators make tokens for anybody in any role, all others only for themselves", () => {
  const made = decideToken(ADMIN, { label: "l", user: { id: "anna" }, role: "admin" }, facts());
  assertEquals(made, {
    ok: true,
    token: { user: { id: "anna", name: "anna" }, admin: true, label: "l", expires_at: null },
  });
  const known = { id: "anna", name: "Anna" };
  const named = decideToken(ADMIN, { label: "l", user: { id: "anna" } }, facts({ known }));
  assertEquals(named.ok && named.token.user, known);
  const own = decideToken(OWNER, { label: "l" }, facts());
  assertEquals(own.ok && [own.token.user, own.token.admin], [{ id: OWNER.id, name: OWNER.name }, false]);
  for (const wanted of [{ user: { id: OTHER.id } }, { role: "admin" as const }]) {
    const refused = decideToken(OWNER, { label: "l", ...wanted }, facts());
    assertEquals(!refused.ok && refused.code, "forbidden");
  }
});

Deno.test("[ENG-TK2] nobody but an administrator makes a token that outlives the one of the door", () => {
  const ends = facts({ maker_ends: later(100) });
  const without = decideToken(OWNER, { label: "l" }, ends);
  assertEquals(without.ok && without.token.expires_at, later(100));
  const shorter = decideToken(OWNER, { label: "l", expires_in_s: 60 }, ends);
  assertEquals(shorter.ok && shorter.token.expires_at, later(60));
  const longer = decideToken(OWNER, { label: "l", expires_in_s: 101 }, ends);
  assertEquals(!longer.ok && longer.code, "invalid");
  const admin = decideToken(ADMIN, { label: "l", expires_in_s: 101 }, ends);
  assertEquals(admin.ok && admin.token.expires_at, later(101));
});

Deno.test("[ENG-TK3] a person has a bounded number of tokens", () => {
  assert(decideToken(OWNER, { label: "l" }, facts({ count: MAX_TOKENS - 1 })).ok);
  const refused = decideToken(ADMIN, { label: "l" }, facts({ count: MAX_TOKENS }));
  assertEquals(!refused.ok && refused.code, "conflict");
});

Deno.test("[ENG-TK4] a token is ended by its person and by administrators", () => {
  const token = { user: { id: OWNER.id, name: "x" } };
  assertEquals([OWNER, ADMIN, OTHER].map((who) => mayEndToken(who, token)), [true, true, false]);
});

Deno.test("[ENG-TK5] ids and names of people are so short that the row of a session still fits", () => {
  for (const id of ["anna", "anna.b@example.org", "A-1_2"]) assert(UserId.safeParse(id).success, id);
  for (const id of ["", "-a", "a b", "a/b", "é", "a".repeat(41)]) assert(!UserId.safeParse(id).success, id);
  for (const name of ["Anna", "Ánna B.", "李"]) assert(UserName.safeParse(name).success, name);
  for (const name of ["", " a", "a ", "a\nb", "a\u202eb", "x".repeat(41)]) {
    assert(!UserName.safeParse(name).success, name);
  }
  const { state } = new Story().create();
  const settings = { approval_timeout_s: 1, run_timeout_s: 1, session_ttl_s: 60, max_takeovers: 1, output_bytes: 1 };
  const summary = summaryOf(state, settings);
  assert(summary !== null);
  const owner = { id: "x".repeat(40), name: "李".repeat(40) };
  const packed = JSON.stringify(packSummary(fitSummary({ ...summary, owner, name: "n".repeat(200) })));
  assert(new TextEncoder().encode(packed).length <= MAX_SUMMARY_BYTES, packed);
});
