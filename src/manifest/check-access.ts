import { isWellFormed } from "#hosts/hosts-of.ts";
import type { Access } from "./access.ts";
import { SECTIONS } from "./entries/all.ts";
import {
  authDenials,
  budgetDenials,
  type Denial,
  describeDenial,
  experimentDenials,
  externalDenial,
  type Grants,
  isNamed,
  kindDenial,
  modelDenials,
  nameDenial,
  privateAddress,
  privateHosts,
  sourceDenial,
  valueDenials,
  workspaceDenial,
} from "./grants.ts";
import type { RuleSubject } from "./rules/rule.ts";
import { type Declaration, workspaceOf } from "./sections.ts";
import type { ManifestFinding, ManifestIssue, ManifestPath } from "./types.ts";

const RULE = "policy";

export interface AccessSettings {
  /** What the owner may do. */
  readonly access: Access;
  /** Whether an api_base may lead to the server itself or into a private network. */
  readonly allowLoopbackApiBase: boolean;
}

/** Of an owner who may do nothing there is no need to read on. */
export function deniedIssue({ access }: AccessSettings): ManifestIssue | undefined {
  if (access.is !== "denied") return undefined;
  return { rule: access.rule, path: [], line: 1, column: 1, message: access.message };
}

/**
 * What a manifest asks for beyond what its owner may do, as far as a file alone can say: one by one,
 * as nobody keeps more than the first.
 */
export function* accessFindings(
  subject: RuleSubject,
  { access, allowLoopbackApiBase }: AccessSettings,
): Generator<ManifestFinding> {
  if (!allowLoopbackApiBase) yield* privateFindings(subject);
  if (access.is === "granted") yield* grantFindings(access.grants, subject);
}

function* privateFindings({ secrets, model_definitions }: RuleSubject): Generator<ManifestFinding> {
  for (const { entry, index } of secrets) {
    for (const { path, message } of privateHosts(entry.auth_config)) {
      yield { rule: RULE, path: ["secrets", index, ...path], message };
    }
  }
  for (const { entry, index } of model_definitions) {
    for (const message of privateAddress(entry.model_name)) {
      yield { rule: RULE, path: ["model_definitions", index, "model_name"], message };
    }
  }
}

function* grantFindings(grants: Grants, subject: RuleSubject): Generator<ManifestFinding> {
  const { manifest, declarations, secrets, model_definitions, endpoints, budgets } = subject;
  const managed = declarations.filter(({ isExternal }) => !isExternal);
  yield* at([], workspaceDenial(grants, workspaceOf(manifest)));
  yield* kindFindings(grants, managed);
  for (const declaration of managed) yield* nameFindings(grants, declaration);
  for (const declaration of declarations) yield* externalFindings(grants, declaration);
  for (const { entry, index } of secrets) {
    const path = ["secrets", index];
    yield* at(path, sourceDenial(grants, entry));
    yield* at(path, soundAuthDenials(grants, entry));
    yield* at(path, valueDenials(entry));
  }
  for (const { entry, index } of model_definitions) {
    yield* at(["model_definitions", index], modelDenials(grants, entry.model_name));
  }
  for (const { entry, index } of endpoints) {
    yield* at(["endpoints", index], experimentDenials(grants, entry));
  }
  for (const { entry, index } of budgets) {
    yield* at(["budgets", index], budgetDenials(grants, entry));
  }
}

/** A setting that breaks its grammar is told as that, by the rule `setting-grammar`, and once. */
function soundAuthDenials(
  grants: Grants,
  { provider, auth_config = {} }: RuleSubject["secrets"][number]["entry"],
): Denial[] {
  return authDenials(grants, provider, auth_config).filter(({ path: [, setting = ""] }) =>
    isWellFormed(String(setting), auth_config[setting] ?? ""),
  );
}

/** One finding for each kind, not for each resource. */
function kindFindings(grants: Grants, managed: readonly Declaration[]): ManifestFinding[] {
  return [...new Set(managed.map(({ kind }) => kind))].flatMap((kind) =>
    kindDenial(grants, kind).map(({ granted }) => ({
      rule: RULE,
      path: [SECTIONS[kind]],
      message: `are not granted to this owner; granted are ${granted}`,
    })),
  );
}

/** A former name counts too: a rename takes the resource over. */
function nameFindings(
  grants: Grants,
  { name, previousName, path }: Declaration,
): ManifestFinding[] {
  return [
    ...at(path, nameDenial(grants, "name", name)),
    ...(previousName === undefined
      ? []
      : at(path, nameDenial(grants, "previous_name", previousName))),
  ];
}

function externalFindings(
  grants: Grants,
  { kind, name, isExternal, path }: Declaration,
): ManifestFinding[] {
  if (!isExternal || isNamed(grants, kind, name)) return [];
  return at(path, externalDenial(grants, name));
}

function at(path: ManifestPath, denials: readonly Denial[]): ManifestFinding[] {
  return denials.map((denial) => ({
    rule: RULE,
    path: [...path, ...denial.path],
    message: describeDenial(denial),
  }));
}
