import type { Change, FieldChange, Notice, Plan, PlanIssue } from "#reconcile/change.ts";
import { byText, effectiveOwner, TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type ActualState,
  type DesiredState,
  identityOf,
  idIn,
  KINDS,
  type KnownState,
  keyLeft,
  keyOf,
  type ResourceKey,
  serverNameOf,
} from "#reconcile/state.ts";
import { visible } from "#runtime/visible.ts";
import { normalized } from "./canonical.ts";
import { checksumOf, fingerprintOf } from "./checksum.ts";
import { compareFields } from "./compare.ts";
import { countOwned, type PlanContext, type PlanOptions, planContext } from "./context.ts";
import { goneExperiments } from "./gone-experiments.ts";
import { existingIssues, experimentIssues } from "./grants.ts";
import { guardrailIssues } from "./guardrail-issues.ts";
import { withUsersLeft } from "./in-use.ts";
import { matchAll, unknownValues } from "./match.ts";
import type { Match, Matching } from "./matching.ts";
import { inOrder } from "./order.ts";
import { endedProtection } from "./protection.ts";
import { protectionNotices } from "./protection-notices.ts";
import { providerIssues } from "./providers.ts";
import { planDeletes } from "./prune.ts";
import { referenceIssues } from "./references.ts";
import { throughRenames } from "./renames.ts";
import { highRiskOf } from "./risk.ts";

/**
 * What must change so that the gateway is as declared, and what may not be asked for. Pure, and
 * independent of the order of its inputs:
 *
 * 1. find what each declared resource is on the gateway: by name, previous name, or adoption
 * 2. compare the stated fields; what is there and shall change must be granted
 * 3. check what is referred to
 * 4. order the changes: what others need comes first
 * 5. add the deletes, users before what they use
 * 6. note what stays although it may surprise
 *
 * A rejected resource has no change in the plan. A plan with issues is not to be carried out.
 */
export function planChanges(
  desired: DesiredState,
  actual: ActualState,
  known: KnownState,
  options: PlanOptions,
): Planned {
  const context = planContext(desired, actual, known, options);
  const matching = matchAll(context);
  const compared = matching.matches.map((match) => compare(context, matching, match));
  const issues = [
    ...matching.issues,
    ...compared.flatMap((comparison) => comparison.issues),
    ...referenceIssues(context, matching.renames),
    ...matching.matches.flatMap((match) => providerIssues(context, match)),
    ...goneExperiments(context),
    ...guardrailIssues(matching.matches, actual, matching.renames),
    ...experimentIssues(context, matching.matches),
  ].sort(byPlace);
  const rejected = new Set(issues.map(({ key }) => key));
  const writes = ordered(
    compared.flatMap(({ change }) =>
      change && !rejected.has(keyOf(change.desired)) ? [change] : [],
    ),
  );
  const { deletes, notices } = planDeletes(context, matching, writes);
  const { blocked } = matching;
  const changes = withUsersLeft([...writes, ...deletes], blocked, actual).map(normalizedChange);
  const ended = endedProtection(desired, known).sort(byText);
  const plan = {
    version: 1,
    owner: desired.owner,
    workspace: desired.workspace,
    prune: options.prune,
    changes,
    blocked: blocked.sort((a, b) => byText(a.key, b.key)).map(readable),
    notices: [
      ...notices,
      ...lostNotices(known),
      ...replacedNotices(context),
      ...frozenNotices(context),
      ...protectionNotices(context, matching),
      ...unknownNotices(context, matching),
      ...valueNotices(context),
    ]
      .sort(byKeyAndCode)
      .map(readable),
    ...(ended.length > 0 ? { ended_protection: ended } : {}),
    out_of_scope: KINDS.filter((kind) => !desired.in_scope.includes(kind)),
    owned_before: countOwned(desired, actual, known),
    fingerprint: fingerprintOf({ changes }, actual),
  } as const;
  const ids = new Map(
    matching.matches.flatMap(({ desired, actual }) =>
      actual ? [[keyOf(desired), actual.id] as const] : [],
    ),
  );
  return { plan: { ...plan, checksum: checksumOf(plan) }, issues: issues.map(readable), ids };
}

interface Planned {
  readonly plan: Plan;
  readonly issues: PlanIssue[];
  /** Of the declared resources that are there. */
  readonly ids: ReadonlyMap<ResourceKey, string>;
}

type Write = Exclude<Change, { action: "delete" }>;

interface Comparison {
  /** Undefined: everything that is stated is so already. */
  readonly change?: Write;
  readonly issues: readonly PlanIssue[];
}

function compare(
  context: PlanContext,
  { renames }: Matching,
  { desired, actual }: Match,
): Comparison {
  if (!actual) return { change: { action: "create", desired }, issues: [] };
  const { experiments } = context.actual;
  const changed_fields = [
    ...nameChange(context, desired, actual),
    ...ownerChange(actual),
    ...compareFields(desired, throughRenames(actual, renames), experiments),
  ];
  const action = effectiveOwner(actual) === undefined ? "adopt" : "update";
  if (action === "update" && changed_fields.length === 0) return { issues: [] };
  const high_risk = highRiskOf({ action, desired, actual, changed_fields });
  return {
    change: { action, desired, actual, changed_fields, ...(high_risk && { high_risk }) },
    issues: [
      ...immutableIssues(desired, changed_fields),
      ...existingIssues(context, desired, actual),
    ],
  };
}

/** Of a rename in place, be it that somebody else made one by hand. */
function nameChange(
  { known }: PlanContext,
  { kind, name: after }: Match["desired"],
  actual: ActualResource,
): FieldChange[] {
  const before = serverNameOf(actual);
  if (before === after || !TRAITS[kind].isNamed) return [];
  const left = known.owned.get(identityOf(actual));
  const isByHand = left !== undefined && left !== before;
  return [{ path: "name", before, after, ...(isByHand && { remark: "renamed by hand" }) }];
}

/** Of a mark that was never written, or that somebody took away or overwrote. */
function ownerChange(actual: ActualResource): FieldChange[] {
  const [before, after] = [actual.owner, effectiveOwner(actual)];
  return before === after ? [] : [{ path: "owner", before, after }];
}

function immutableIssues(
  desired: Match["desired"],
  changedFields: readonly FieldChange[],
): PlanIssue[] {
  const { noun, immutable } = TRAITS[desired.kind];
  const fixed: readonly string[] = immutable;
  return changedFields
    .filter(({ path }) => fixed.includes(path))
    .map(({ path, before, after }) => ({
      rule: "immutable",
      key: keyOf(desired),
      path: [path],
      message: `cannot change from "${String(before)}" to "${String(after)}" on the gateway: declare the ${noun} under a new name, with previous_name: ${desired.name}`,
    }));
}

function ordered(changes: readonly Write[]): Write[] {
  const byDesired = new Map(changes.map((change) => [change.desired, change]));
  return inOrder([...byDesired.keys()]).flatMap((desired) => byDesired.get(desired) ?? []);
}

/** Lists that mean the same in any order are kept in one: so plans and checksums are equal, too. */
function normalizedChange(change: Change): Change {
  if (change.action === "create") return { ...change, desired: normalized(change.desired) };
  const actual = normalized(change.actual);
  if (change.action === "delete") return { ...change, actual };
  return { ...change, desired: normalized(change.desired), actual };
}

function frozenNotices({ known, declared, externals, actualByKey }: PlanContext): Notice[] {
  return [...known.frozen]
    .filter((key) => actualByKey.has(key) && !declared.has(key) && !externals.has(key))
    .map((key) => {
      const because = known.frozenBecause?.get(key) ?? "no file that is valid speaks of it now";
      return { code: "frozen", key, message: `stays as it is: ${because}` };
    });
}

function lostNotices({ lost }: KnownState): Notice[] {
  if (lost === undefined) return [];
  const message = `what was applied before is not known, since its record is lost (${lost}): what is declared is taken over anew, and nothing is deleted by this plan; of the rest nothing is this owner's any more, unless --take-over says that its mark is enough`;
  return [{ code: "no-history", message }];
}

/** Of what is gone, while something that somebody else made has its name. */
function replacedNotices(context: PlanContext): Notice[] {
  const { known, actual, actualByKey, declared, desired } = context;
  const notices: Notice[] = [];
  for (const [identity, name] of known.owned) {
    const key = keyLeft(identity, name);
    const [found] = actualByKey.get(key) ?? [];
    if (!found || effectiveOwner(found) === desired.owner) continue;
    if (actual.resources.some((resource) => identityOf(resource) === identity)) continue;
    const message = `was replaced by hand: ${idIn(identity)} is gone, and ${found.id} has its name`;
    const end = declared.has(key) ? "" : "; that one is not this owner's and stays";
    notices.push({ code: "replaced", key, message: `${message}${end}` });
  }
  return notices;
}

/** Of what is not declared; what is declared is blocked. */
function unknownNotices({ actual }: PlanContext, { found }: Matching): Notice[] {
  return actual.resources
    .filter((resource) => resource.unknown_values?.length && !found.has(resource))
    .map((resource) => ({
      code: "unknown-value",
      key: keyOf(resource),
      message: unknownValues(resource),
    }));
}

/** Of declared secrets that have a value, whatever else is done about them. */
function valueNotices({ desired, options }: PlanContext): Notice[] {
  if (!options.withoutValues) return [];
  return desired.resources
    .filter((resource) => resource.kind === "secret" && resource.fields.value_from !== undefined)
    .map((secret) => ({
      code: "value-not-looked-up",
      key: keyOf(secret),
      message: "value: not looked up",
    }));
}

/** Sentences quote names and values of others. */
function readable<T extends { readonly message: string }>(said: T): T {
  return { ...said, message: visible(said.message) };
}

function byPlace(a: PlanIssue, b: PlanIssue): number {
  const [one, other] = [a, b].map(({ rule, path }) => JSON.stringify([rule, path]));
  return byText(a.key, b.key) || byText(one ?? "", other ?? "");
}

function byKeyAndCode(a: Notice, b: Notice): number {
  return byText(a.key ?? "", b.key ?? "") || byText(a.code, b.code);
}
