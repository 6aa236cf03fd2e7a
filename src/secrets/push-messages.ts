import { createHash } from "node:crypto";
import type { GatewayOpsError } from "#runtime/errors.ts";
import type { Message } from "#runtime/message.ts";
import { visible } from "#runtime/visible.ts";
import { type ManagedSecret, managedSecretId } from "./managed-secret.ts";
import type { PushResult } from "./push.ts";
import { RevokedVersionError } from "./revoked-version.ts";
import { SecretSourceError } from "./source.ts";
import { sourceId } from "./value/reference.ts";

/** `rejected`: its source must change. `pending`: the schedule goes on with it. */
export type Failure = "rejected" | "pending";

/** A record of a secret that this release does not understand. */
export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

const SHOWN_MAX = 10;

export function pushedMessage({ target, source_arn }: ManagedSecret, result: PushResult): Message {
  const effectiveBy = new Date(result.effective_by_ms).toISOString();
  const from = result.previous_version_id ?? "unknown";
  const doubt = untriedNote(result);
  const lines = [result.note, doubt].filter((line) => line !== undefined);
  return {
    topic: "operations",
    id: `secret-pushed:${managedSecretId(target.workspace, target.name)}@${result.version_id}@${result.pushed_at_ms}`,
    type: "mlflow-gateway-ops.secret.pushed",
    severity: doubt === undefined ? "info" : "warning",
    timeMs: result.pushed_at_ms,
    subject: `Gateway secret ${target.name} was updated`,
    text: `The gateway secret ${target.name} holds version ${result.version_id} (before: ${from}) of ${target.value_from && sourceId(target.value_from)}.\nEvery gateway process uses it by ${effectiveBy} at the latest.${lines.map((line) => `\n${line}`).join("")}`,
    data: { ...result, workspace: target.workspace, owner: target.owner, source_arn },
    attributes: { owner: target.owner, outcome: result.outcome, secret: target.name },
  };
}

/** What people should know of a value that was to be tried before, and could not; else undefined. */
export function untriedNote({ probe }: PushResult): string | undefined {
  if (probe?.verdict !== "inconclusive") return undefined;
  return `It was pushed without knowing whether the provider accepts it: ${probe.reason}`;
}

export function failedMessage(
  { target, source_arn, pushed }: ManagedSecret,
  outcome: Failure,
  occasion: string,
  error: GatewayOpsError,
  nowMs: number,
): Message {
  const { name, workspace, owner } = target;
  return {
    topic: "operations",
    // The same event delivered twice is the same message.
    id: `secret-push-${outcome}:${managedSecretId(workspace, name)}@${occasion}`,
    type: `mlflow-gateway-ops.secret.push-${outcome}`,
    // A server comes back by itself; a source that cannot be read waits for somebody.
    severity:
      outcome === "pending" && error.code !== SecretSourceError.code ? "warning" : "critical",
    timeMs: nowMs,
    subject: `Gateway secret ${name} could not be updated (${error.code})`,
    text: `${error.message}\n${nextOf(pushed, outcome, error)}`,
    data: { name, workspace, owner, source_arn, outcome, code: error.code },
    attributes: { owner, outcome, secret: name, code: error.code },
  };
}

function nextOf(pushed: ManagedSecret["pushed"], outcome: Failure, error: GatewayOpsError): string {
  if (error instanceof RevokedVersionError && error.versionId === pushed?.version_id) {
    return "THE GATEWAY STILL HOLDS THIS VERSION: calls go out with a key that others may know until a new value is stored.";
  }
  return outcome === "pending"
    ? "It is tried again on a schedule; the gateway goes on with the former value."
    : "The gateway goes on with the former value until this is corrected.";
}

/** One for all of them, and another one when others come or go. */
export function unreadableMessage(records: readonly Unreadable[], nowMs: number): Message {
  const ids = records.map(({ id }) => id).sort();
  const digest = createHash("sha256").update(JSON.stringify(ids)).digest("hex");
  const lines = records.slice(0, SHOWN_MAX).map(({ id, reason }) => visible(`${id}: ${reason}`));
  const more = records.length > SHOWN_MAX ? [`and ${records.length - SHOWN_MAX} more`] : [];
  const end =
    "The gateway goes on with the values that these secrets have; new ones are not pushed until that is mended.";
  return {
    topic: "operations",
    id: `secret-records-unreadable:${digest}`,
    type: "mlflow-gateway-ops.secret.record-unreadable",
    severity: "critical",
    timeMs: nowMs,
    subject: `${records.length} gateway secrets cannot be pushed: their records cannot be read`,
    text: [...lines, ...more, end].join("\n"),
    data: { count: records.length, ids: ids.slice(0, SHOWN_MAX) },
    attributes: { outcome: "unreadable" },
  };
}
