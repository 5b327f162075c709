// What is wrong in the folder of own workflows: one line for each file that is no mode, for administrators.
import type { WorkflowProblem } from "../model/workflow.ts";
import { Icon } from "./Icon.tsx";

/** The lines; nothing where nothing is wrong. */
export function WorkflowProblems({ problems }: { problems: readonly WorkflowProblem[] }) {
  return (
    <>
      {problems.map(({ file, reason }) => (
        <p class="banner off" role="status" key={file}>
          <Icon name="triangle-alert" size={14} />
          <span>
            <b class="mono">{file}</b> is no mode: {reason}
          </span>
        </p>
      ))}
    </>
  );
}
