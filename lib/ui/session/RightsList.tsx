// What a session was allowed and refused for good, by whom; nothing of it is asked again.
import type { GrantView } from "../../engine/view/types.ts";
import { Icon } from "../Icon.tsx";
import type { IconName } from "../icon_paths.ts";

const ICONS: Readonly<Record<string, IconName>> = { net: "globe", read: "folder", call: "wrench", budget: "coins" };

/** The list of standing answers. */
export function RightsList(props: { grants: readonly GrantView[] }) {
  return (
    <div style="padding:14px 20px;overflow:auto">
      <p class="meta" style="margin-bottom:10px">
        Answers that hold for this whole session, also in later runs: they are not asked for again.
      </p>
      <table class="tb">
        <thead>
          <tr>
            <th>Asked</th>
            <th>Answer</th>
            <th>By</th>
            <th>When</th>
          </tr>
        </thead>
        <tbody>
          {props.grants.map((grant) => (
            <tr key={`${grant.kind} ${grant.what}`}>
              <td>
                <span class="row" style="gap:6px">
                  <Icon name={ICONS[grant.kind] ?? "lock"} size={14} />
                  {grant.text}
                </span>
              </td>
              <td>
                <span class="row" style="gap:6px">
                  <Icon name={grant.allowed ? "check" : "circle-slash"} size={14} />
                  {grant.allowed ? "Allowed" : "Never"}
                </span>
              </td>
              <td>{grant.by}</td>
              <td class="num">
                <time dateTime={grant.at}>{grant.at.slice(0, 16).replace("T", " ")}</time>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
