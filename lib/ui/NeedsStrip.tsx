// What needs the person, at most three, nearest deadline first; absent when nothing does.
import type { Approval } from "../protocol/rest.ts";
import { Icon } from "./Icon.tsx";
import { age, KINDS, outcome } from "./words.ts";

/** The strip above the list. Only the first has an accent button. */
export function NeedsStrip(
  props: { approvals: Approval[]; total: number; now: number; nameOf: (session_id: string) => string | null },
) {
  const { approvals, now } = props;
  if (approvals.length === 0) return null;
  return (
    <section aria-label="Needs you" style="margin-bottom:18px">
      <div class="section-h">
        <h2>Needs you</h2>
        <span class="meta only-l">nearest deadline first</span>
        {props.total > approvals.length && (
          <a class="meta lnk sp" href="/?needs_you=true">and {props.total - approvals.length} more</a>
        )}
      </div>
      <div class={`needs-strip n${approvals.length}`}>
        {approvals.map((approval, i) => (
          <article class="ask" key={approval.approval_id}>
            <div class="row between">
              <span class="kind">
                <Icon name={KINDS[approval.approval_type]?.icon ?? "hand"} />
                {KINDS[approval.approval_type]?.label ?? approval.approval_type}
              </span>
              <span class={`due${Date.parse(approval.expires_at) - now < 3_600_000 ? " soon" : ""}`}>
                expires in {age(Date.parse(approval.expires_at) - now)}
              </span>
            </div>
            <h3>{approval.action}</h3>
            <p class="why">
              {[props.nameOf(approval.session_id), approval.description.slice(0, 200)].filter(Boolean).join(". ")}
            </p>
            <div class="act">
              <a class={`btn btn-sm ${i === 0 ? "btn-accent" : "btn-line"}`} href={`/sessions/${approval.session_id}`}>
                Review
              </a>
              <span class="due">{outcome(approval.expires_at, approval.on_timeout, now)}</span>
            </div>
          </article>
        ))}
      </div>
    </section>
  );
}
