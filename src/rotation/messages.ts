import type { GatewayOpsError } from "#runtime/errors.ts";
import type { Message } from "#runtime/message.ts";
import type { Revocation } from "./revocation.ts";
import type { Revoked } from "./strategy.ts";

interface Rotated {
  readonly name: string;
  readonly arn: string;
  /** The version that the rotation makes. */
  readonly versionId: string;
}

/** AWS repeats a rotation that fails: the same failure is told once. */
export function failedMessage(
  { name, arn, versionId }: Rotated,
  error: GatewayOpsError,
  { step, nowMs }: { readonly step: string; readonly nowMs: number },
): Message {
  const next =
    error.disposition === "retry"
      ? "Secrets Manager repeats the rotation; the former value stays in use until it passes."
      : "The former value stays in use. Start the rotation again once this is mended.";
  return {
    ...about("rotation.failed"),
    id: `rotation-failed:${arn}@${versionId}:${error.code}`,
    severity: error.disposition === "retry" ? "warning" : "critical",
    timeMs: nowMs,
    subject: `The rotation of ${name} failed (${error.code})`,
    text: `${step}: ${error.message}\n${next}`,
    data: { secret: name, secret_arn: arn, version_id: versionId, step, code: error.code },
    attributes: { secret: name, outcome: "failed", code: error.code },
  };
}

export function finishedMessage({ name, arn, versionId }: Rotated, nowMs: number): Message {
  return {
    ...about("rotation.finished"),
    id: `rotation-finished:${arn}@${versionId}`,
    severity: "info",
    timeMs: nowMs,
    subject: `${name} was rotated`,
    text: `The version ${versionId} of ${name} is AWSCURRENT. The former credential is ended, or you are asked to end it, once nothing uses it any more.`,
    data: { secret: name, secret_arn: arn, version_id: versionId },
    attributes: { secret: name, outcome: "finished" },
  };
}

export function revokedMessage(
  revocation: Revocation,
  { outcome, words }: Revoked,
  nowMs: number,
): Message {
  const { secret } = revocation;
  const isDone = outcome === "revoked";
  return {
    ...about(`revocation.${outcome}`),
    id: `${idOf("revocation", revocation)}:${outcome}`,
    severity: isDone ? "info" : "warning",
    timeMs: nowMs,
    subject: isDone
      ? `The former credential of ${secret} is revoked`
      : `Revoke the former key of ${secret} at its provider now`,
    text: words,
    data: dataOf(revocation),
    attributes: { secret, outcome },
  };
}

/** Told once, whatever the causes are that follow. */
export function postponedMessage(revocation: Revocation, cause: string, nowMs: number): Message {
  const { secret } = revocation;
  return {
    ...about("revocation.postponed"),
    id: `${idOf("revocation-postponed", revocation)}`,
    severity: "warning",
    timeMs: nowMs,
    subject: `The former credential of ${secret} is not revoked yet`,
    text: `${cause}\nThe schedule looks again; until then the former credential stays valid.`,
    data: dataOf(revocation),
    attributes: { secret, outcome: "postponed" },
  };
}

export function movedBackMessage(revocation: Revocation, cause: string, nowMs: number): Message {
  const { secret, version_id, former_version_id } = revocation;
  return {
    ...about("rotation.moved-back"),
    id: idOf("rotation-moved-back", revocation),
    severity: "critical",
    timeMs: nowMs,
    subject: `${secret} went back to its former value`,
    text: `${cause}\nAWSCURRENT went back to the version ${former_version_id}; ${version_id} is labelled GATEWAY_OPS_REJECTED and never pushed. Mend the cause, then rotate again.`,
    data: dataOf(revocation),
    attributes: { secret, outcome: "moved-back" },
  };
}

function about(kind: string) {
  return { topic: "operations", type: `mlflow-gateway-ops.${kind}` } as const;
}

function idOf(what: string, { secret_arn, former_version_id, version_id }: Revocation): string {
  return `${what}:${secret_arn}@${former_version_id}>${version_id}`;
}

function dataOf({ replacement_id: _, ...data }: Revocation): Readonly<Record<string, unknown>> {
  return data;
}
