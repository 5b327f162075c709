// What the session has cost, by model: numbers right, totals bold.
import type { SessionView } from "../../engine/view.ts";
import { money } from "../words.ts";

/** The table of costs. */
export function CostTable(props: { view: SessionView }) {
  const { models, usd } = props.view.cost;
  if (models.length === 0) return <p class="meta" style="padding:18px 20px">No model has been asked yet.</p>;
  return (
    <div style="padding:14px 20px;overflow:auto">
      <table class="tb">
        <thead>
          <tr>
            <th>Model</th>
            <th class="n">Calls</th>
            <th class="n">In</th>
            <th class="n">Cached</th>
            <th class="n">Out</th>
            <th class="n">Cost</th>
          </tr>
        </thead>
        <tbody>
          {models.map((cost) => (
            <tr key={cost.model}>
              <td class="mono">{cost.model}</td>
              <td class="n">{cost.calls}</td>
              <td class="n">{cost.input_tokens}</td>
              <td class="n">{cost.cached_input_tokens}</td>
              <td class="n">{cost.output_tokens}</td>
              <td class="n">{money(cost.usd)}</td>
            </tr>
          ))}
          <tr>
            <td colSpan={5}>
              <b>Total</b>
            </td>
            <td class="n">
              <b>{money(usd)}</b>
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}
