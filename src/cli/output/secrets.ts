import type { GwopsContext } from "#cli/context.ts";
import { firstOf } from "#runtime/first-of.ts";
import type { FedEndpoint } from "#secrets/fed-endpoints.ts";
import type { SecretStatus, SecretStatuses } from "#secrets/secret-status.ts";
import type { SecretState } from "#secrets/status-reasons.ts";
import { print } from "./show.ts";
import type { StyleName } from "./style.ts";

/** Of the documents that the secrets commands print for machines. */
export const SECRETS_VERSION = 1;

const STYLES: Readonly<Record<SecretState, StyleName>> = {
  revoked: "risk",
  unknown: "error",
  rejected: "error",
  pending: "warning",
  differs: "update",
  current: "create",
};

const NOTHING = "-";
/** Of an id of 36 characters: enough to tell two of them apart. */
const SHOWN_OF_VERSION = 13;

/** One line a secret, under it what there is to say. */
export function showStatuses(context: GwopsContext, secrets: readonly SecretStatus[]): void {
  const { stdout } = context.process;
  const head = ["STATE", "WORKSPACE", "SECRET", "OWNER", "SOURCE", "CURRENT", "PUSHED"];
  const rows = secrets.map((secret) => [
    secret.state === "revoked" ? "REVOKED" : secret.state,
    secret.workspace,
    secret.name,
    secret.owner,
    secret.source ?? NOTHING,
    shortVersion(secret.current_version_id),
    shortVersion(secret.pushed_version_id),
    timeOf(secret.effective_by_ms) ?? NOTHING,
    fedText(secret.endpoints),
  ]);
  const table = padded([[...head, "EFFECTIVE BY", "FEEDS"], ...rows]);
  for (const [index, [state = "", ...cells]] of table.entries()) {
    const secret = secrets[index - 1];
    const style = secret ? STYLES[secret.state] : "plain";
    print(context, stdout, { style, text: state }, `  ${cells.join("  ")}`.trimEnd());
    for (const reason of secret?.reasons ?? []) {
      for (const line of reason.split("\n")) print(context, stdout, `    ${line}`);
    }
  }
}

export function statusesJson({ secrets, unreadable }: SecretStatuses, server: string) {
  return {
    version: SECRETS_VERSION,
    server,
    secrets: secrets.map(({ id: _, pushed_at_ms, effective_by_ms, ...secret }) => ({
      ...secret,
      pushed_at: timeOf(pushed_at_ms),
      effective_by: timeOf(effective_by_ms),
    })),
    unreadable,
  };
}

/** ISO 8601, UTC. */
export function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

export function shortVersion(versionId: string | undefined): string {
  return versionId?.slice(0, SHOWN_OF_VERSION) ?? NOTHING;
}

/** `chat, embed (fallback)` */
export function fedText(endpoints: readonly FedEndpoint[]): string {
  if (endpoints.length === 0) return NOTHING;
  return firstOf(
    endpoints.map(({ name, linkage_type }) =>
      linkage_type === "PRIMARY" ? name : `${name} (fallback)`,
    ),
  );
}

function padded(rows: readonly (readonly string[])[]): string[][] {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)));
}
