import { GatewayCallError } from "#gateway/errors.ts";
import { OPERATIONS, type OperationName, type OperationTable } from "#gateway/operations.ts";
import { TARGET_SCOPES, type TargetScope } from "#gateway/types.ts";
import type { JsonObject } from "./json.ts";

/**
 * What a server of a given version can do: the first version of everything that the oldest one we
 * work with lacks. The contract test compares it with what three versions of MLflow declare.
 */
const FIRST_VERSION = "3.11.1";
const GUARDRAILS_VERSION = "3.12.0";

/** Fields of a budget, or one value of them, that older servers drop without a word; newest first. */
const BUDGET_PARTS: readonly Requirement[] = [
  { part: "target_scope USER", version: "3.16.0" },
  { part: "target_scope ENDPOINT", version: "3.15.0" },
  { part: "target_value", version: "3.15.0" },
];
const BUDGET_WRITES: readonly string[] = ["createBudget", "updateBudget"];

/** The oldest server that can carry out a call, and what of the call it is that needs it. */
export interface Requirement {
  readonly version: string;
  /** Such as `target_scope USER`; undefined when it is the operation as a whole. */
  readonly part?: string;
}

/** `undefined` for the operations that are no part of the gateway: every server has them. */
export function operationRequirement(operation: string): Requirement | undefined {
  const operations: OperationTable = OPERATIONS;
  const path = operations[operation]?.path;
  if (!path?.includes("/gateway/")) return undefined;
  const version = path.includes("/guardrails/") ? GUARDRAILS_VERSION : FIRST_VERSION;
  return { version };
}

/** The greatest demand of the fields of a request; `undefined` when all servers know them. */
export function partRequirement(operation: string, request: JsonObject): Requirement | undefined {
  if (!BUDGET_WRITES.includes(operation)) return undefined;
  const parts = Object.entries(request).flatMap(([field, value]) =>
    value === undefined ? [] : [field, `${field} ${value}`],
  );
  return BUDGET_PARTS.find(({ part }) => parts.includes(`${part}`));
}

export interface ServerCapabilities {
  readonly version: string;
  /** Operations of the client that the server does not have; a call of one is refused. */
  readonly missingOperations: readonly OperationName[];
  /** Scopes that a budget can have. */
  readonly targetScopes: readonly TargetScope[];
}

/** `version` as the server tells it. */
export function capabilitiesOf(version: string): ServerCapabilities {
  const isMissing = (requirement: Requirement | undefined) =>
    requirement !== undefined && !isMet(requirement, version);
  const names = Object.keys(OPERATIONS) as OperationName[];
  return {
    version,
    missingOperations: names.filter((name) => isMissing(operationRequirement(name))),
    targetScopes: TARGET_SCOPES.filter(
      (target_scope) => !isMissing(partRequirement("createBudget", { target_scope })),
    ),
  };
}

/**
 * A release candidate has what its release will have; a development build (`3.15.0.dev0`) may
 * not have it yet. A version that is not MLflow's kind of number is taken for a new one: every
 * write is compared with the server's answer anyway.
 */
export function isMet(requirement: Requirement, serverVersion: string): boolean {
  const server = parseVersion(serverVersion);
  const needed = parseVersion(requirement.version);
  if (!server || !needed) return true;
  return compareVersions(server, { ...needed, stage: "candidate" }) >= 0;
}

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly stage: Stage;
}

/** In the order in which they come out. */
const STAGES = ["development", "candidate", "final"] as const;
type Stage = (typeof STAGES)[number];

const VERSION =
  /^(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?((?:a|b|rc)\d+)?(?:\.post\d+)?(\.dev\d+)?(?:\+[\w.]+)?$/;

/** Python's kind of version number: `3.17.2`, `3.18.0rc0`, `3.18.0.dev0`, `3.17.2+local.1`. */
export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text.trim());
  if (!match) return undefined;
  const [, major, minor, patch = "0", candidate, development] = match;
  const released: Stage = candidate === undefined ? "final" : "candidate";
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    stage: development === undefined ? released : "development",
  };
}

/** Negative when `left` is the older one, 0 when both have the same features. */
export function compareVersions(left: Version, right: Version): number {
  return (
    left.major - right.major ||
    left.minor - right.minor ||
    left.patch - right.patch ||
    STAGES.indexOf(left.stage) - STAGES.indexOf(right.stage)
  );
}

/** The call needs a newer server; it was not sent, or the server knows nothing of it. */
export class GatewayCapabilityError extends GatewayCallError {
  override readonly name = "GatewayCapabilityError";
  readonly code = "gateway-unsupported";
  readonly disposition = "reject";
  readonly requiredVersion: string;
  readonly serverVersion: string;

  constructor(
    operation: string,
    { version, part }: Requirement,
    serverVersion: string,
    options?: ErrorOptions,
  ) {
    const what = part ? `with ${part} ` : "";
    super(
      operation,
      `${what}needs MLflow ${version} or newer; the server is ${serverVersion}`,
      options,
    );
    this.requiredVersion = version;
    this.serverVersion = serverVersion;
  }
}
