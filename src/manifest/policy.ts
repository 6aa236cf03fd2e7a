import type { Kind } from "#reconcile/state.ts";
import { hostOf, isPrivateApiBase } from "./api-base.ts";
import { SECTIONS } from "./entries/all.ts";
import { readWithSchema } from "./parse.ts";
import { type OwnerGrants, type Policy, policySchema } from "./policy-schema.ts";
import type { RuleFinding, RuleSubject } from "./rules/rule.ts";
import type { ManifestFinding, ManifestIssue, ManifestSecret } from "./types.ts";

export interface PolicySettings {
  /** Undefined: there is no policy file. All that is restricted then is what others own. */
  readonly policy?: Policy | undefined;
  /** Whether an api_base may lead to the server itself or into a private network. */
  readonly allowLoopbackApiBase: boolean;
}

/** Reads the text or the bytes of `manifests/policy.yaml`; never throws for bad input. */
export async function parsePolicy(
  content: string | Uint8Array,
): Promise<
  | { readonly isValid: true; readonly policy: Policy }
  | { readonly isValid: false; readonly issues: readonly ManifestIssue[] }
> {
  const read = await readWithSchema(policySchema, content);
  return read.isValid ? { isValid: true, policy: read.value } : read;
}

/** Undefined: nothing at all is granted to the owner. */
export function grantsOf(policy: Policy | undefined, owner: string): OwnerGrants | undefined {
  if (!policy) return {};
  // An owner that is called like a method of objects has no grants either.
  const named = Object.hasOwn(policy.owners, owner) ? policy.owners[owner] : undefined;
  return named ?? policy.owners["*"];
}

/** Whether manifests may refer to a resource of another owner. */
export function isExternalGranted(grants: OwnerGrants | undefined, name: string): boolean {
  return isGranted(grants?.externals ?? [], name);
}

/** What a manifest asks for beyond what its owner was granted. */
export function policyFindings(
  owner: string,
  subject: RuleSubject,
  { policy, allowLoopbackApiBase }: PolicySettings,
): ManifestFinding[] {
  const grants = grantsOf(policy, owner);
  const found = grants
    ? [
        ...kindFindings(grants, subject),
        ...nameFindings(grants, subject),
        ...subject.secrets.flatMap(({ entry, index }) => [
          ...sourceFindings(grants, entry, index),
          ...hostFindings(grants, allowLoopbackApiBase, entry, index),
        ]),
        ...budgetFindings(grants, subject),
      ]
    : [{ path: [], message: `is not allowed: the policy grants nothing to the owner "${owner}"` }];
  return found.map((finding) => ({ rule: "policy", ...finding }));
}

function kindFindings({ kinds }: OwnerGrants, subject: RuleSubject): RuleFinding[] {
  if (!kinds) return [];
  const managed = subject.declarations.filter(({ isExternal }) => !isExternal);
  const denied = new Set(managed.map(({ kind }) => kind).filter((kind) => !kinds.includes(kind)));
  const granted = kinds.map((kind: Kind) => SECTIONS[kind]).join(", ") || "no kind";
  return [...denied].map((kind) => ({
    path: [SECTIONS[kind]],
    message: `are not granted to this owner; granted are ${granted}`,
  }));
}

/** A former name counts too: a rename takes the resource over. */
function nameFindings({ names }: OwnerGrants, subject: RuleSubject): RuleFinding[] {
  if (!names) return [];
  const managed = subject.declarations.filter(({ isExternal }) => !isExternal);
  return managed.flatMap(({ name, previousName, path }) =>
    Object.entries({ name, previous_name: previousName }).flatMap(([field, value]) =>
      value === undefined || isGranted(names, value)
        ? []
        : [{ path: [...path, field], message: denial(value, names) }],
    ),
  );
}

function sourceFindings(
  { secrets }: OwnerGrants,
  { value_from }: ManifestSecret,
  index: number,
): RuleFinding[] {
  if (!secrets || !value_from || !("secrets_manager" in value_from)) return [];
  const source = value_from.secrets_manager;
  if (isGranted(secrets, source)) return [];
  const path = ["secrets", index, "value_from", "secrets_manager"];
  return [{ path, message: denial(source, secrets) }];
}

/** Every setting that is an address: providers know more than api_base. */
function hostFindings(
  { api_base_hosts }: OwnerGrants,
  allowLoopback: boolean,
  { auth_config }: ManifestSecret,
  index: number,
): RuleFinding[] {
  return Object.entries(auth_config ?? {}).flatMap(([key, value]) => {
    const host = hostOf(value);
    if (!host) return [];
    const path = ["secrets", index, "auth_config", key];
    if (!allowLoopback && isPrivateApiBase(value)) {
      const message = `must not lead to the server itself or into a private network, got the host "${host}"; a setting of the stack allows it`;
      return [{ path, message }];
    }
    // Hosts are in lower case here, whatever a person wrote.
    const globs = api_base_hosts?.map((glob) => glob.toLowerCase());
    if (!globs || isGranted(globs, host)) return [];
    return [{ path, message: denial(host, globs) }];
  });
}

function budgetFindings({ budgets: grant = {} }: OwnerGrants, subject: RuleSubject): RuleFinding[] {
  const { scopes, amount_max } = grant;
  return subject.budgets.flatMap(({ entry, index }) => [
    ...(scopes && !scopes.includes(entry.target_scope)
      ? [{ path: ["budgets", index, "target_scope"], message: denial(entry.target_scope, scopes) }]
      : []),
    ...(amount_max !== undefined && entry.budget_amount > amount_max
      ? [
          {
            path: ["budgets", index, "budget_amount"],
            message: `is not granted to this owner; granted is at most ${amount_max}, got ${entry.budget_amount}`,
          },
        ]
      : []),
  ]);
}

function denial(value: string, granted: readonly string[]): string {
  return `is not granted to this owner; granted is ${granted.join(", ") || "nothing"}, got "${value}"`;
}

function isGranted(globs: readonly string[], value: string): boolean {
  return globs.some((glob) => matches(glob, value));
}

/** `*` stands for any characters, also none; everything else for itself. */
function matches(glob: string, value: string): boolean {
  const [start = "", ...parts] = glob.split("*");
  const end = parts.pop();
  if (end === undefined) return value === glob;
  if (!value.startsWith(start) || !value.endsWith(end)) return false;
  let from = start.length;
  for (const part of parts) {
    const found = value.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= value.length - end.length;
}
