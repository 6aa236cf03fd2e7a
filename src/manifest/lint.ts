import { isAtLeast } from "#gateway/version.ts";
import { VALUE_WRAPPED } from "#secrets/value/reference.ts";
import { FINDINGS_MAX } from "./bounded-schema.ts";
import { FindingList } from "./findings.ts";
import { RULES } from "./rules/all.ts";
import type { Rule, RuleContext, RuleSubject } from "./rules/rule.ts";
import { declarationsOf, sectionsOf } from "./sections.ts";
import { suggestion } from "./suggest.ts";
import type { Manifest, ManifestFinding } from "./types.ts";

export interface LintResult {
  readonly errors: FindingList;
  readonly warnings: FindingList;
}

type RuleText = Omit<Rule, "check">;

/** The rules about values, which nobody has yet where files are looked at: a push applies them. */
export const VALUE_RULES = [
  {
    id: VALUE_WRAPPED,
    title: "A stored value looks like a key in something, such as quotes, or like a placeholder",
    why: "Every call would fail with it: the former value stays",
  },
] as const;

const WRONG_SUPPRESSION: RuleText = {
  id: "wrong-suppression",
  severity: "error",
  title: "`lint.disable` names a rule that does not exist, or one that finds errors",
  why: "Errors cannot be switched off: the gateway would break on them",
};

const UNUSED_SUPPRESSION: RuleText = {
  id: "unused-suppression",
  severity: "warning",
  title: "`lint.disable` names a rule that finds nothing in the file",
  why: "The next such mistake would go unnoticed",
};

const SUPPRESSIBLE: readonly string[] = [
  ...RULES.flatMap(({ id, severity }) => (severity === "warning" ? [id] : [])),
  ...VALUE_RULES.map(({ id }) => id),
];

/** The rules about the suppression of rules. */
export const SUPPRESSION_RULES: readonly RuleText[] = [WRONG_SUPPRESSION, UNUSED_SUPPRESSION];

export function subjectOf(manifest: Manifest): RuleSubject {
  return { ...sectionsOf(manifest), manifest, declarations: declarationsOf(manifest) };
}

/** What the rules find, without the warnings that the file switched off; beyond `most` counted. */
export function lint(subject: RuleSubject, context: RuleContext, most = FINDINGS_MAX): LintResult {
  const disabled = subject.manifest.lint?.disable ?? [];
  const errors = new FindingList(most);
  const warnings = new FindingList(most);
  for (const rule of RULES) {
    const found = foundBy(rule, subject, context);
    if (rule.severity === "error") errors.add(findingsOf(rule, found));
    else if (!disabled.includes(rule.id)) warnings.add(findingsOf(rule, found));
    else if (isEmpty(found)) warnings.add(unused(disabled, rule));
  }
  addWrongSuppressions(errors, disabled);
  return { errors, warnings };
}

function foundBy({ since, check }: Rule, subject: RuleSubject, context: RuleContext) {
  const { serverVersion } = context;
  const isOlder = since && serverVersion !== undefined && !isAtLeast(serverVersion, since);
  return isOlder ? [] : check(subject, context);
}

function* findingsOf({ id, since }: Rule, found: ReturnType<Rule["check"]>) {
  const suffix = since ? ` (holds from MLflow ${since} on)` : "";
  for (const { path, message } of found) yield { rule: id, path, message: message + suffix };
}

function isEmpty(items: Iterable<unknown>): boolean {
  return items[Symbol.iterator]().next().done === true;
}

/** Whether the server's version could undo a finding of this rule. */
export function dependsOnServer(id: string): boolean {
  return RULES.some((rule) => rule.id === id && rule.since !== undefined);
}

function unused(disabled: readonly string[], { id }: Rule): ManifestFinding[] {
  const path = ["lint", "disable", disabled.indexOf(id)];
  return [{ rule: UNUSED_SUPPRESSION.id, path, message: `finds nothing here, got "${id}"` }];
}

function addWrongSuppressions(errors: FindingList, disabled: readonly string[]): void {
  for (const [index, id] of disabled.entries()) {
    if (SUPPRESSIBLE.includes(id)) continue;
    if (errors.isFull) errors.add([], 1);
    else errors.add([wrongSuppression(id, index)]);
  }
}

function wrongSuppression(id: string, index: number): ManifestFinding {
  const rule = RULES.find((candidate) => candidate.id === id);
  const message = rule
    ? `cannot be switched off: "${id}" finds errors`
    : `is not a rule, got "${id}"${suggestion(id, SUPPRESSIBLE)}`;
  return { rule: WRONG_SUPPRESSION.id, path: ["lint", "disable", index], message };
}
