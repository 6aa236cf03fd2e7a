import type { Secret } from "#gateway/types.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { describePause, PAUSED_CODE, type Pause, pauseOf } from "#runtime/pause.ts";
import { ownerProblem } from "./describe-for.ts";
import { isSameMap, type ManagedSecret } from "./managed-secret.ts";
import { describeRevoked, type RevokedVersion } from "./revoked-version.ts";
import type { SecretDescription } from "./source.ts";

/**
 * From grave to mild:
 * - `revoked`: the gateway holds a version that others may know
 * - `unknown`: its source cannot be looked at
 * - `rejected`: the last push was refused for good, and something must change
 * - `pending`: a push failed or waits, and the schedule goes on with it
 * - `differs`: another version is AWSCURRENT, or somebody else wrote the gateway secret
 * - `current`: the gateway holds AWSCURRENT, as it was left
 */
const SECRET_STATES = ["revoked", "unknown", "rejected", "pending", "differs", "current"] as const;
export type SecretState = (typeof SECRET_STATES)[number];

/** Everything that is known of one secret. */
export interface Evidence {
  readonly value: ManagedSecret;
  /** As the gateway has it. */
  readonly actual: Secret | undefined;
  /** Undefined without a source. */
  readonly found: SecretDescription | GatewayOpsError | undefined;
  readonly heldRevoked: RevokedVersion | undefined;
  readonly currentRevoked: RevokedVersion | undefined;
  readonly pauses: readonly Pause[];
  readonly nowMs: number;
}

interface Reason {
  /** Undefined: worth a sentence, and no state of its own. */
  readonly state?: SecretState;
  readonly text: string;
}

/** In which state a secret is, and why. */
export function judge(evidence: Evidence): {
  readonly state: SecretState;
  readonly reasons: readonly string[];
} {
  const reasons = [
    ...revokedReasons(evidence),
    ...sourceReasons(evidence),
    ...recordReasons(evidence),
    ...gatewayReasons(evidence),
  ];
  const states = reasons.map(({ state = "current" }) => state);
  const state = SECRET_STATES.find((one) => states.includes(one)) ?? "current";
  return { state, reasons: reasons.map(({ text }) => text) };
}

function revokedReasons({ heldRevoked, currentRevoked }: Evidence): Reason[] {
  if (heldRevoked) {
    const text = `REVOKED: the gateway holds ${describeRevoked(heldRevoked)}`;
    return [{ state: "revoked", text }];
  }
  if (!currentRevoked) return [];
  const text = `AWSCURRENT was revoked, and is not pushed: ${describeRevoked(currentRevoked)}`;
  return [{ state: "differs", text }];
}

function sourceReasons({ value, found, currentRevoked, nowMs }: Evidence): Reason[] {
  const { target, pushed } = value;
  const { value_from, owner } = target;
  if (!value_from || !found) return [];
  const isLocal = !("secrets_manager" in value_from);
  if (found instanceof GatewayOpsError) return [unknownSource(found, isLocal)];
  // What a user of this machine can read is theirs.
  const foreign = isLocal ? undefined : ownerProblem(owner, found, value_from.secrets_manager);
  if (foreign !== undefined) return [{ state: "unknown", text: foreign }];
  if (pushed?.version_id === found.currentVersionId || currentRevoked) return [];
  const text = isLocal
    ? "the value here is not the one that was pushed, or another machine pushed it: versions of env and file are known only where they were pushed"
    : `another version is AWSCURRENT${lagOf(found, nowMs)}`;
  return [{ state: "differs", text }];
}

function unknownSource({ message }: GatewayOpsError, isLocal: boolean): Reason {
  const where = isLocal ? " (only the machine that has it can look)" : "";
  return { state: "unknown", text: `the source cannot be looked at: ${message}${where}` };
}

/** DescribeSecret tells when the secret changed in any way: its label moved then, or before. */
function lagOf({ lastChangedAtMs }: SecretDescription, nowMs: number): string {
  return lastChangedAtMs === undefined ? "" : ` for at least ${duration(nowMs - lastChangedAtMs)}`;
}

function recordReasons({ value, pauses }: Evidence): Reason[] {
  const { target, pending, rejected } = value;
  const pause = pauseOf(pauses, "secrets", target.owner);
  const reasons: Reason[] = pause ? [{ text: describePause(pause) }] : [];
  if (pending) {
    const since = new Date(pending.since_ms).toISOString();
    const what =
      pending.cause === PAUSED_CODE ? "a push waits" : "a push failed and is tried again";
    reasons.push({ state: "pending", text: `${what} since ${since}: ${pending.cause}` });
  }
  if (rejected) {
    const at = new Date(rejected.at_ms).toISOString();
    reasons.push({
      state: "rejected",
      text: `the last push was rejected at ${at} (${rejected.code}): ${rejected.reason}`,
    });
  }
  return reasons;
}

function gatewayReasons({ value: { target, pushed }, actual }: Evidence): Reason[] {
  const texts: string[] = [];
  if (!pushed) texts.push("config sync has not written it yet");
  else if (!actual) texts.push(`it is gone from the gateway (it was ${pushed.secret_id})`);
  else if (actual.secret_id !== pushed.secret_id) {
    texts.push(
      `the gateway has ${actual.secret_id} in place of ${pushed.secret_id}: made again by hand, or another database. Put its manifest, or run gwops apply: the plan takes it over`,
    );
  } else if (actual.last_updated_at !== pushed.gateway_updated_at_ms) {
    texts.push(writtenSince(actual, pushed.gateway_updated_at_ms));
  }
  if (actual && !isSameMap(target.auth_config ?? {}, actual.auth_config)) {
    texts.push("its settings (auth_config) are not as declared");
  }
  return texts.map((text) => ({ state: "differs", text }));
}

/** Time goes back only in a database that was put back. */
function writtenSince({ last_updated_at, last_updated_by }: Secret, leftAtMs: number): string {
  const [at, left] = [new Date(last_updated_at).toISOString(), new Date(leftAtMs).toISOString()];
  if (last_updated_at < leftAtMs) {
    return `the gateway says that it was written at ${at}, before the last push at ${left}: an older database was put back`;
  }
  const by = last_updated_by === undefined ? "" : ` by ${last_updated_by}`;
  return `somebody wrote it at ${at}${by}, after the last push at ${left}`;
}

function duration(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
