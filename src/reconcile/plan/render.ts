import { type Change, keyOfChange, type Plan } from "#reconcile/change.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import { KINDS, keyOf } from "#reconcile/state.ts";
import { fenced } from "#runtime/markdown.ts";
import { visible } from "#runtime/visible.ts";
import type { GuardTrip } from "./guard.ts";
import { describeChange, describeField } from "./text.ts";

type Style = "create" | "update" | "adopt" | "delete" | "risk" | "notice" | "refusal" | "plain";

/** A line of text and what it is about; whoever prints it knows what that looks like. */
export interface StyledLine {
  readonly style: Style;
  readonly text: string;
}

const MARKS: Readonly<Record<Change["action"], string>> = {
  create: "+",
  update: "~",
  adopt: "=",
  delete: "-",
};

/**
 * The whole plan for people, with the guards that it tripped. No text from outside can begin a
 * line, colour it, or hide anything; values are cut, changes are not.
 */
export function renderLines(plan: Plan, trips: readonly GuardTrip[] = []): StyledLine[] {
  const { owner, workspace } = plan;
  const lines = [
    plain(`Plan of the owner ${owner} in the workspace ${workspace}`),
    ...plan.changes.flatMap(changeLines),
    ...remarkLines(plan, trips),
    plain(summaryOf(plan)),
  ];
  return lines.map(({ style, text }) => ({ style, text: visible(text) }));
}

export function renderText(plan: Plan, trips: readonly GuardTrip[] = []): string {
  return renderLines(plan, trips)
    .map(({ text }) => `${text}\n`)
    .join("");
}

/** The plan as a Markdown document: numbers in a table, and everything from outside in fences. */
export function renderMarkdown(plan: Plan, trips: readonly GuardTrip[] = []): string {
  const { owner, workspace } = plan;
  const remarks = remarkLines(plan, trips);
  return [
    "# Plan\n",
    fence("```text", [
      plain(`owner      ${owner}`),
      plain(`workspace  ${workspace}`),
      plain(`checksum   ${plan.checksum}`),
      plain(`prune      ${plan.prune ? "on" : "off"}`),
    ]),
    countTable(plan),
    ...(plan.changes.length > 0
      ? ["## Changes\n", fence("```diff", plan.changes.flatMap(changeLines))]
      : ["There is nothing to change.\n"]),
    ...(remarks.length > 0 ? ["## Remarks\n", fence("```text", remarks)] : []),
  ].join("\n");
}

/** How many changes there are of each action. */
export function countChanges({ changes }: Pick<Plan, "changes">): Record<Change["action"], number> {
  const counts = { create: 0, update: 0, delete: 0, adopt: 0 };
  for (const { action } of changes) counts[action] += 1;
  return counts;
}

function summaryOf(plan: Plan): string {
  const { create, update, delete: deletes, adopt } = countChanges(plan);
  const blocked = plan.blocked.length > 0 ? `, ${plan.blocked.length} blocked` : "";
  return `Plan: ${create} to create, ${update} to update, ${deletes} to delete, ${adopt} to adopt${blocked} (checksum ${plan.checksum})`;
}

function changeLines(change: Change): StyledLine[] {
  const { action } = change;
  const title = `${MARKS[action]} ${action} ${keyOfChange(change)}${addition(change)}`;
  return [
    { style: action, text: title },
    ...detailsOf(change).map((detail): StyledLine => ({ style: action, text: `    ${detail}` })),
    ...("high_risk" in change && change.high_risk !== undefined
      ? [{ style: "risk", text: `!   high risk: ${change.high_risk}` } as const]
      : []),
  ];
}

/** What an actual resource is called when it is not called like the declared one. */
function addition(change: Change): string {
  switch (change.action) {
    case "create":
      return "";
    case "delete":
      return change.reason === "renamed" ? " (renamed: there is a new one)" : "";
    case "update":
    case "adopt": {
      const { desired, actual } = change;
      return desired.name === actual.name ? "" : ` (until now ${keyOf(actual)})`;
    }
  }
}

function detailsOf(change: Change): string[] {
  switch (change.action) {
    case "create":
      return Object.entries(change.desired.fields)
        .filter(([, value]) => value !== undefined)
        .map(([path, value]) => describeField(path, value));
    case "update":
    case "adopt":
      return change.changed_fields.map(describeChange);
    case "delete":
      return [];
  }
}

function remarkLines(plan: Plan, trips: readonly GuardTrip[]): StyledLine[] {
  const hidden = plan.out_of_scope.map((kind) => TRAITS[kind].nouns);
  return [
    ...plan.blocked.map(({ key, message }) => refusal(`blocked: ${key} ${message}`)),
    ...plan.notices.map(({ key, message }) =>
      notice(`note: ${key === undefined ? "" : `${key} `}${message}`),
    ),
    ...(hidden.length > 0 ? [notice(`not in scope: ${hidden.join(", ")}`)] : []),
    ...trips.map(({ message }) => refusal(`refused: ${message}`)),
  ];
}

function countTable({ changes, owned_before }: Plan): string {
  const rows = KINDS.map((kind) => {
    const ofKind = changes.filter((change) => kindOf(change) === kind);
    const { create, update, delete: deletes, adopt } = countChanges({ changes: ofKind });
    const cells = [TRAITS[kind].nouns, Number(owned_before[kind]), create, update, deletes, adopt];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| | owned before | create | update | delete | adopt |",
    "|---|--:|--:|--:|--:|--:|",
    ...rows,
    "",
  ].join("\n");
}

function kindOf(change: Change) {
  return change.action === "delete" ? change.actual.kind : change.desired.kind;
}

function fence(kind: "```diff" | "```text", lines: readonly StyledLine[]): string {
  return `${fenced(
    kind,
    lines.map(({ text }) => text),
  )}\n`;
}

function plain(text: string): StyledLine {
  return { style: "plain", text };
}

function notice(text: string): StyledLine {
  return { style: "notice", text };
}

function refusal(text: string): StyledLine {
  return { style: "refusal", text };
}
