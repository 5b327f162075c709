// The plan: proposed, reviewed, and approved by a person where the mode says so.
//
//   P1. A plan's steps have ids of their own, none of them the name of another part of the run.
//   P2. A plan that a model makes has at most `maxSteps` steps; the steps of a task are never cut.
//   P3. A rejection with a reason goes back to the planner, at most `rounds` times; one without ends the run.
import { Plan, type PlanStep } from "../../lib/model/plan.ts";
import { Review } from "../../lib/model/turn.ts";
import { Failure } from "../sdk/mod.ts";
import type { Desk } from "./desk.ts";
import { forPlanner, forReviewer, planText } from "./opening.ts";
import { beginTalk, call, isRunbook, type Talk, tell } from "./talk.ts";

/** Ids of groups that are not steps of the plan. */
const TAKEN = new Set(["planning", "synthesis"]);

/** How a plan is made. */
export interface Planning {
  maxSteps: number;
  reviews: number;
  /** Whether a person approves it. */
  approval: boolean;
}

/** Gives every step an id of its own. */
export function withOwnIds(plan: Plan): Plan {
  const used = new Set(TAKEN);
  const steps = plan.steps.map((step): PlanStep => {
    let id = step.id;
    for (let n = 2; used.has(id); n++) id = `${step.id.slice(0, 58)}-${n}`;
    used.add(id);
    return { ...step, id };
  });
  return { steps };
}

interface Proposal {
  plan: Plan;
  /** Whether the planner can change it. */
  mends: boolean;
}

/** Asks the planner for a plan that is short enough. */
async function propose(desk: Desk, talk: Talk, maxSteps: number): Promise<Proposal> {
  for (let turn = 0; turn < desk.limits.rounds; turn++) {
    const answer = await call(desk, talk, { turn, output: Plan });
    const plan = withOwnIds(answer.output);
    const mends = !isRunbook(answer);
    const said = mends ? [] : [answer.text];
    desk.ctx.emit("agent_message", { agent: "planner", message: [...said, planText(plan)].join("\n\n") });
    if (!mends || plan.steps.length <= maxSteps) return { plan, mends };
    tell(talk, JSON.stringify(answer.output), `That are ${plan.steps.length} steps. Make it at most ${maxSteps}.`);
  }
  throw new Failure("too_many_rounds", `The planner kept to no plan of at most ${maxSteps} steps`);
}

/** Has the plan reviewed; gives it as it stands after the last review. */
async function review(desk: Desk, talk: Talk, from: { proposal: Proposal; planning: Planning }): Promise<Proposal> {
  let { proposal } = from;
  for (let n = 0; n < from.planning.reviews; n++) {
    const reviewer = beginTalk(desk, "reviewer", forReviewer(desk, proposal.plan));
    const answer = await call(desk, reviewer, { turn: n, output: Review });
    const { verdict, remarks } = answer.output;
    const nothing = verdict === "nothing_to_add" || remarks.trim() === "";
    const said = isRunbook(answer) ? answer.text : nothing ? "Nothing to add." : remarks;
    desk.ctx.emit("agent_message", { agent: "reviewer", message: said });
    if (nothing || !proposal.mends) break;
    tell(talk, JSON.stringify(proposal.plan), `A reviewer says:\n${remarks}\n\nMake the plan again, whole.`);
    proposal = await propose(desk, talk, from.planning.maxSteps);
  }
  return proposal;
}

/** A plan in a sentence or two; the plan itself is the subject of the question. */
export function aboutPlan({ steps }: Plan): string {
  const count = (agent: PlanStep["agent"]) => steps.filter((step) => step.agent === agent).length;
  const all = steps.length === 1 ? "does its step" : "does all of it";
  const [engineer, researcher] = [count("engineer"), count("researcher")];
  const who = researcher === 0
    ? `The engineer ${all}.`
    : engineer === 0
    ? `The researcher ${all}.`
    : `The engineer does ${numbered(engineer)}, the researcher ${researcher}.`;
  const asking = steps.flatMap((step, i) => step.asks === true ? [i + 1] : []);
  return asking.length === 0 ? who : `${who} It asks you again before step ${asking.join(", ")}.`;
}
const numbered = (n: number) => n === 1 ? "1 step" : `${n} steps`;

/** Asks a person about the plan; null when it goes back to the planner, with the reason told. */
async function approved(desk: Desk, talk: Talk, proposal: Proposal): Promise<{ plan: Plan; by: string } | null> {
  const { plan } = proposal;
  const answer = await desk.ctx.approve("plan", {
    type: "plan_approval",
    title: `Carry out this plan of ${numbered(plan.steps.length)}?`,
    description: aboutPlan(plan),
    subject: plan,
    edit: Plan,
    allowed: ["approved", "modified", "rejected"],
  });
  if (answer.verb !== "rejected") return { plan: answer.edited ? withOwnIds(answer.value) : plan, by: answer.by };
  if (!answer.feedback) throw new Failure("rejected", `The plan was rejected by ${answer.by}`);
  if (!proposal.mends) {
    const message =
      "runbook, no model configured: the plan is that of the task. Change the plan here, or the task itself.";
    desk.ctx.emit("agent_message", { agent: "planner", message });
  }
  tell(talk, JSON.stringify(plan), `The person rejects the plan: ${answer.feedback}\nMake a better one, whole.`);
  return null;
}

/** Makes the plan of a run. */
export async function makePlan(desk: Desk, planning: Planning): Promise<Plan> {
  const { ctx } = desk;
  const talk = beginTalk(desk, "planner", forPlanner(desk, planning.maxSteps));
  for (let round = 0; round < desk.limits.rounds; round++) {
    const proposed = await propose(desk, talk, planning.maxSteps);
    const { plan, mends } = await review(desk, talk, { proposal: proposed, planning });
    ctx.emit("plan_updated", { plan: asJson(plan), by: "planner" });
    if (!planning.approval) return plan;
    const answer = await approved(desk, talk, { plan, mends });
    if (answer === null) continue;
    if (answer.plan !== plan) ctx.emit("plan_updated", { plan: asJson(answer.plan), by: answer.by });
    return answer.plan;
  }
  throw new Failure("rejected", `The plan was rejected ${desk.limits.rounds} times`);
}

/** A plan as JSON: without the keys that are not set. */
export function asJson(plan: Plan) {
  return { steps: plan.steps.map(({ asks, ...step }) => asks === undefined ? step : { ...step, asks }) };
}
