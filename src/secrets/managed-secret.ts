import type { Secret } from "#gateway/types.ts";
import type { LedgerKind } from "#runtime/ledger.ts";
import { ledgerId } from "#runtime/ledger-limits.ts";
import type { SecretDescription } from "./source.ts";
import { type SecretReference, sourceId } from "./value/reference.ts";

/** A gateway secret as a manifest declares it. */
export interface SecretTarget {
  readonly workspace: string;
  readonly name: string;
  readonly owner: string;
  readonly provider: string;
  /** What is written with the value: as declared, or as it was when a plan said that it stays. */
  readonly auth_config?: Readonly<Record<string, string>> | undefined;
  /** Undefined where the way to log in needs no secret: the gateway then holds settings only. */
  readonly value_from?: SecretReference | undefined;
  /** Whether a value may look like a key in something: the manifest disables that rule. */
  readonly as_stored?: boolean | undefined;
  /** Whether a new value is tried before it is pushed; undefined is as the stack has it. */
  readonly probe?: boolean | undefined;
}

/** What the gateway was given last, and what it answered: any difference later is drift. */
export interface PushedVersion {
  /** The reference that the value was picked by: another one picks another value. */
  readonly value_from?: SecretReference | undefined;
  readonly version_id?: string | undefined;
  readonly at_ms: number;
  readonly secret_id: string;
  readonly auth_config?: Readonly<Record<string, string>> | undefined;
  readonly gateway_updated_at_ms: number;
}

/** A push that cannot succeed, whatever is tried, until somebody mends the cause. */
interface RejectedPush {
  /** Known where an event named the version. */
  readonly version_id?: string | undefined;
  readonly at_ms: number;
  /** Code of the error, and its sentence. */
  readonly code: string;
  readonly reason: string;
}

/** The ledger's record of a gateway secret; never a value. */
export interface ManagedSecret {
  readonly target: SecretTarget;
  /** Full ARN of the source, by which events name it; undefined without a source. */
  readonly source_arn?: string | undefined;
  readonly pushed?: PushedVersion | undefined;
  /** A push that failed until its deliveries were used up; the schedule goes on with it. */
  readonly pending?: { readonly since_ms: number; readonly cause: string } | undefined;
  /** Why the last push was refused for good; until the next that is not. */
  readonly rejected?: RejectedPush | undefined;
}

/** Cause of what is pending because an older copy of the gateway's database holds a former value. */
export const RESTORED_CODE = "restored";

/** By {@link managedSecretId}. */
export const MANAGED_SECRETS: LedgerKind<ManagedSecret> = { name: "secret", version: 1 };

/** Whether a record is what it should be, as far as finding and telling it needs. */
export function isManagedSecret(value: unknown): value is ManagedSecret {
  const { target } = Object(value) as { readonly target?: unknown };
  const { workspace, name, owner } = Object(target) as Record<string, unknown>;
  return [workspace, name, owner].every((part) => typeof part === "string");
}

/** Names are unique per workspace. */
export function managedSecretId(workspace: string, name: string): string {
  return ledgerId(`${workspace}/${name}`);
}

/** Whether the gateway holds this version and nobody wrote the secret since. */
export function isCurrent(
  pushed: PushedVersion,
  current: SecretDescription | undefined,
  actual: Secret,
  target: SecretTarget,
): boolean {
  return (
    pushed.version_id === current?.currentVersionId &&
    isSameReference(pushed.value_from, target.value_from) &&
    isUntouched(pushed, actual) &&
    isSameMap(target.auth_config ?? {}, actual.auth_config ?? {})
  );
}

export function isUntouched(pushed: PushedVersion, actual: Secret): boolean {
  return (
    pushed.secret_id === actual.secret_id && pushed.gateway_updated_at_ms === actual.last_updated_at
  );
}

function isSameReference(
  one: SecretReference | undefined,
  other: SecretReference | undefined,
): boolean {
  if (!one || !other) return one === other;
  return (
    sourceId(one) === sourceId(other) &&
    one.whole_as === other.whole_as &&
    isSameMap(one.keys ?? {}, other.keys ?? {})
  );
}

export function isSameMap(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
