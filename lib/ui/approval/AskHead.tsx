// The head of a question: what kind, since when, what, why, until when and what then.
import type { Approval } from "../../protocol/rest.ts";
import { Icon } from "../Icon.tsx";
import { ago, KINDS, money, outcome } from "../words.ts";

/** The head of an approval. `others` counts further ones of the same session. */
export function AskHead(
  props: { approval: Approval; now: number; others: number; spent_usd: number; ended: boolean },
) {
  const { approval, now } = props;
  const kind = KINDS[approval.approval_type];
  return (
    <div class="ap-head">
      <div class="row between">
        <span class="kind">
          <Icon name={kind?.icon ?? "hand"} />
          {kind?.label ?? approval.approval_type}, asked {ago(now - Date.parse(approval.created_at))}
        </span>
        {props.others > 0 && <span class="due">and {props.others} more in this session</span>}
      </div>
      <h2>{approval.action}</h2>
      {approval.description !== "" && <p class="dense muted pre">{approval.description}</p>}
      <div class="ap-meta">
        {!props.ended && (
          <span title={approval.expires_at}>
            <Icon name="timer" />
            {outcome(approval.expires_at, approval.on_timeout, now)}
          </span>
        )}
        <span>
          <Icon name="coins" />
          {approval.estimate !== undefined && approval.estimate.cost_usd > 0 &&
            `About ${money(approval.estimate.cost_usd)}, `}spent so far {money(props.spent_usd)}
        </span>
        <span class="only-l" title={`SHA-256 of what is asked: ${approval.digest}`}>
          <Icon name="lock" />
          <span class="mono">sha256 {approval.digest.slice(0, 4)}…{approval.digest.slice(-4)}</span>
        </span>
      </div>
    </div>
  );
}
