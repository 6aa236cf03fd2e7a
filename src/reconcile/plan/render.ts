import type { Change } from "#reconcile/change.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import { KINDS, type Kind, partsOf } from "#reconcile/state.ts";
import { fenced } from "#runtime/markdown.ts";
import { visible } from "#runtime/visible.ts";
import { countChanges, type PlanDocument, type PlannedChange } from "./document.ts";
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

/** What the first character of a line says in a `diff` block; GitHub knows no other colours. */
const DIFF_MARKS: Readonly<Record<Style, string>> = {
  create: "+",
  update: "!",
  adopt: "!",
  delete: "-",
  risk: "!",
  notice: " ",
  refusal: " ",
  plain: " ",
};

/**
 * The whole plan for people, with the guards that it tripped. No text from outside can begin a
 * line, colour it, or hide anything, and nothing that changes is cut.
 */
export function renderLines(plan: PlanDocument): StyledLine[] {
  const { owner, workspace } = plan;
  const lines = [
    plain(`Plan of the owner ${owner} in the workspace ${workspace}`),
    ...plan.changes.flatMap(changeLines),
    ...remarkLines(plan),
    plain(summaryOf(plan)),
  ];
  return lines.map(({ style, text }) => ({ style, text: visible(text) }));
}

export function renderText(plan: PlanDocument): string {
  return renderLines(plan)
    .map(({ text }) => `${text}\n`)
    .join("");
}

/** The plan as a Markdown document: numbers in a table, and everything from outside in fences. */
export function renderMarkdown(plan: PlanDocument): string {
  const { owner, workspace, server } = plan;
  const remarks = remarkLines(plan).map(({ text }) => text);
  return [
    "# Plan\n",
    fenced("```text", [
      `owner      ${owner}`,
      `workspace  ${workspace}`,
      `server     ${server}`,
      `checksum   ${plan.checksum}`,
      `prune      ${plan.prune ? "on" : "off"}`,
    ]),
    "",
    countTable(plan),
    ...(plan.changes.length > 0
      ? ["## Changes\n", renderDiff(plan.changes), ""]
      : ["There is nothing to change.\n"]),
    ...(remarks.length > 0 ? ["## Remarks\n", fenced("```text", remarks), ""] : []),
  ].join("\n");
}

/** The changes as a block that viewers colour by the first character of each line. */
export function renderDiff(changes: readonly PlannedChange[]): string {
  const lines = changes.flatMap(changeLines);
  return fenced(
    "```diff",
    lines.map(({ style, text }) => `${DIFF_MARKS[style]}${text.slice(1)}`),
  );
}

function summaryOf({ counts, checksum }: PlanDocument): string {
  const { create, update, delete: deletes, adopt } = counts;
  const blocked = counts.blocked > 0 ? `, ${counts.blocked} blocked` : "";
  return `Plan: ${create} to create, ${update} to update, ${deletes} to delete, ${adopt} to adopt${blocked} (checksum ${checksum})`;
}

/** One change, and all that changes with it. */
export function changeLines(change: PlannedChange): StyledLine[] {
  const { action, key, fields = {}, changed_fields = [], high_risk, impact } = change;
  const title = `${MARKS[action]} ${action} ${key}${addition(change)}`;
  const details = [
    ...Object.entries(fields).map(([path, value]) => describeField(path, value)),
    ...changed_fields.map(describeChange),
  ];
  return [
    { style: action, text: title },
    ...details.map((detail): StyledLine => ({ style: action, text: `    ${detail}` })),
    ...(high_risk === undefined ? [] : [risk(`high risk: ${high_risk}`)]),
    ...(impact === undefined ? [] : [risk(`impact: ${impact}`)]),
  ];
}

/** What an actual resource is called when it is not called like the declared one. */
function addition({ former_key, reason }: PlannedChange): string {
  if (reason === "renamed") return " (renamed: there is a new one)";
  return former_key === undefined ? "" : ` (until now ${former_key})`;
}

/** What people should know beside the changes. */
export function remarkLines(plan: PlanDocument): StyledLine[] {
  const hidden = plan.out_of_scope.map((kind) => TRAITS[kind].nouns);
  return [
    ...plan.blocked.map(({ key, message }) => refusal(`blocked: ${key} ${message}`)),
    ...plan.notices.map(({ key, message }) =>
      notice(`note: ${key === undefined ? "" : `${key} `}${message}`),
    ),
    ...unmanagedLines(plan),
    ...(hidden.length > 0 ? [notice(`not in scope: ${hidden.join(", ")}`)] : []),
    ...plan.refusals.map(({ message }) => refusal(`refused: ${message}`)),
  ];
}

function unmanagedLines({ unmanaged }: PlanDocument): StyledLine[] {
  const nobodys = KINDS.filter((kind) => unmanaged[kind].total > 0).map((kind) => {
    const { total, names } = unmanaged[kind];
    const more = total > names.length ? ` and ${total - names.length} more` : "";
    return `${counted(total, kind)} (${names.join(", ")}${more})`;
  });
  const others = KINDS.filter((kind) => unmanaged[kind].of_others > 0).map((kind) =>
    counted(unmanaged[kind].of_others, kind),
  );
  return [
    ...(nobodys.length > 0 ? [notice(`unmanaged: ${nobodys.join(", ")}`)] : []),
    ...(others.length > 0 ? [notice(`of other owners: ${others.join(", ")}`)] : []),
  ];
}

function counted(count: number, kind: Kind): string {
  return `${count} ${count === 1 ? TRAITS[kind].noun : TRAITS[kind].nouns}`;
}

function countTable({ changes, owned_before }: PlanDocument): string {
  const rows = KINDS.map((kind) => {
    const ofKind = changes.filter(({ key }) => partsOf(key).kind === kind);
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

function plain(text: string): StyledLine {
  return { style: "plain", text };
}

function risk(text: string): StyledLine {
  return { style: "risk", text: `!   ${text}` };
}

function notice(text: string): StyledLine {
  return { style: "notice", text };
}

function refusal(text: string): StyledLine {
  return { style: "refusal", text };
}
