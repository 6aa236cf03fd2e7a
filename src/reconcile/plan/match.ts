import type { PlanIssue } from "#reconcile/change.ts";
import { byText, effectiveOwner, TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type DesiredResource,
  KINDS,
  keyOf,
  serverNameOf,
} from "#reconcile/state.ts";
import { adoptBudgets } from "./adopt.ts";
import { lookUp, type PlanContext, previousKey } from "./context.ts";
import type { Match, Matching } from "./matching.ts";

/** Finds what each declared resource is on the gateway: by name, previous name, or adoption. */
export function matchAll(context: PlanContext): Matching {
  const matching: Matching = {
    matches: [],
    issues: [],
    blocked: [],
    renames: new Map(),
    found: new Set(),
  };
  for (const kind of KINDS) {
    const level = context.desired.resources
      .filter((resource) => resource.kind === kind)
      .map((desired): Match => ({ desired, actual: findActual(context, desired) }));
    // Budgets are the last level: what their targets are renamed to is known by then.
    const { adopted, issues } = adoptBudgets(context, level, matching.renames);
    matching.issues.push(...issues);
    for (const { desired, actual } of level) {
      sortOut(context, { desired, actual: actual ?? adopted.get(keyOf(desired)) }, matching);
    }
  }
  return matching;
}

function sortOut(context: PlanContext, match: Match, into: Matching): void {
  const { desired, actual } = match;
  if (actual) into.found.add(actual);
  const issue = issueOf(context, match);
  if (issue) {
    into.issues.push(issue);
  } else if (actual?.unknown_values?.length) {
    into.blocked.push({ key: keyOf(desired), message: unknownValues(actual) });
  } else {
    into.matches.push(match);
    if (actual && actual.name !== desired.name) into.renames.set(keyOf(actual), desired.name);
  }
}

export function unknownValues({ unknown_values = [] }: ActualResource): string {
  return `holds values that this version does not know (${unknown_values.join(", ")}): it can neither compare nor write them`;
}

/** What has the name, else what has the previous name and is renamed in place. */
function findActual(context: PlanContext, desired: DesiredResource): ActualResource | undefined {
  const [own] = lookUp(context, keyOf(desired));
  if (own || TRAITS[desired.kind].rename === "copy") return own;
  const previous = previousKey(desired);
  return previous && lookUp(context, previous)[0];
}

function issueOf(context: PlanContext, { desired, actual }: Match): PlanIssue | undefined {
  const key = keyOf(desired);
  const same = TRAITS[desired.kind].isNamed ? [] : lookUp(context, key);
  if (same.length > 1) {
    const ids = same.map(({ id }) => id).join(", ");
    const message = `is on the gateway more than once (${ids}): delete all but one`;
    return { rule: "duplicate-budget", key, path: [], message };
  }
  const rival = rivalOf(context, { desired, actual });
  if (rival)
    return { rule: "identity-clash", key, path: [], message: clash({ desired, actual }, rival) };
  const owner = actual && effectiveOwner(actual);
  if (owner !== undefined && owner !== context.desired.owner) {
    const message = `belongs to the owner "${owner}", not to "${context.desired.owner}"`;
    return { rule: "ownership", key, path: [], message };
  }
  const message = renameFault(context, desired);
  return message === undefined
    ? undefined
    : { rule: "previous-name", key, path: ["previous_name"], message };
}

/** What the server calls by the name that is meant, where the ledger means something else. */
function rivalOf(context: PlanContext, { desired, actual }: Match): ActualResource | undefined {
  const holder = context.rivals.get(keyOf(desired));
  if (holder && holder !== actual) return holder;
  if (actual?.server_name === undefined) return undefined;
  return context.actualByKey.get(keyOf(actual))?.find((other) => other !== actual);
}

function clash({ desired: { kind, name }, actual }: Match, rival: ActualResource): string {
  const { noun } = TRAITS[kind];
  const way = "rename or delete one of them by hand, so that only one can be meant";
  if (actual) {
    const [now, other] = [actual, rival].map(serverNameOf);
    return `is the ${noun} ${actual.id}, which was renamed by hand to "${now}", while ${rival.id} is called "${other}" by now: ${way}`;
  }
  return `has the name of the ${noun} ${rival.id}, which is known as "${rival.name}" and was renamed by hand to "${name}": give it its name back by hand, or declare only one of the two`;
}

/** Why the previous name cannot be given up; undefined without one, or when nothing has it. */
function renameFault(context: PlanContext, desired: DesiredResource): string | undefined {
  const previous = previousKey(desired);
  if (previous === undefined) return undefined;
  const name = `"${desired.previous_name}"`;
  if (context.declared.has(previous)) return `names ${name}, which is still declared itself`;
  if (context.externals.has(previous)) return `names ${name}, which is declared as external`;
  // A copy gets the new name; the old one stays as long as anything needs it.
  const isCopied = TRAITS[desired.kind].rename === "copy";
  if (isCopied || !context.actualByKey.has(previous)) return undefined;
  if (context.actualByKey.has(keyOf(desired))) {
    const ids = [keyOf(desired), previous].map((key) => lookUp(context, key)[0]?.id).join(" and ");
    return `names ${name}, but both exist on the gateway (${ids}): remove previous_name, or delete one of them`;
  }
  if (context.known.frozen.has(previous)) {
    return `names ${name}, which was declared by a file that is now missing, invalid, or silent about it: mend that file first`;
  }
  const heirs = context.heirs.get(previous) ?? [];
  if (heirs.length > 1) {
    const names = heirs.map((heir) => `"${heir.name}"`).sort(byText);
    return `names ${name}, which cannot become ${names.join(" and ")} at once`;
  }
  return undefined;
}
