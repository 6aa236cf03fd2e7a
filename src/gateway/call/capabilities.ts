import { GatewayCallError } from "#gateway/errors.ts";
import { OPERATIONS, type OperationName, type OperationTable } from "#gateway/operations.ts";
import { TARGET_SCOPES, type TargetScope } from "#gateway/types.ts";
import { isAtLeast } from "#gateway/version.ts";
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
    requirement !== undefined && !isAtLeast(version, requirement.version);
  const names = Object.keys(OPERATIONS) as OperationName[];
  return {
    version,
    missingOperations: names.filter((name) => isMissing(operationRequirement(name))),
    targetScopes: TARGET_SCOPES.filter(
      (target_scope) => !isMissing(partRequirement("createBudget", { target_scope })),
    ),
  };
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
