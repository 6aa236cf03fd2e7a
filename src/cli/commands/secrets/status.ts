import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT, type ExitCode } from "#cli/exit-codes.ts";
import { SECRET_FLAGS, SECRET_NAMES, type SecretFlags } from "#cli/input/secret-flags.ts";
import { lookedUp } from "#cli/look-up-secrets.ts";
import { showStatuses, statusesJson } from "#cli/output/secrets.ts";
import { counted, printJson, say } from "#cli/output/show.ts";
import type { SecretStatuses } from "#secrets/secret-status.ts";

export const secretsStatusCommand = buildCommand({
  parameters: { flags: SECRET_FLAGS, positional: SECRET_NAMES },
  docs: {
    brief: "Show which version of its source each gateway secret holds",
    fullDescription: `Compares each gateway secret that is managed with AWSCURRENT of its source and with what the
gateway says of it, and names the endpoints that it feeds. Changes nothing and reads no value of AWS.
A source in the environment or a file can be looked at only where it is.

States, from grave to mild: REVOKED (the gateway holds a version that others may know), unknown (the
source cannot be looked at), rejected, pending, differs, current.

Exit status: 0 all current, 1 a source or a record cannot be looked at, 2 something differs.

Examples:
  gwops secrets status --stack GatewayOps
  gwops secrets status openai-prod --workspace team-a
  gwops secrets status --owner team-a --json`,
  },
  func: status,
});

async function status(
  this: GwopsContext,
  flags: SecretFlags,
  ...names: readonly string[]
): Promise<void> {
  const { statuses, backend } = await lookedUp(this, flags, names);
  for (const record of statuses.unreadable) say(this, `cannot be read: ${record}`);
  if (flags.json) printJson(this, statusesJson(statuses, backend.dependencies.server));
  else if (statuses.secrets.length > 0) showStatuses(this, statuses.secrets);
  say(this, sumOf(statuses, flags));
  this.process.exitCode = exitCodeOf(statuses);
}

function sumOf({ secrets }: SecretStatuses, { owner, workspace }: SecretFlags): string {
  if (secrets.length === 0) {
    const whose = owner === undefined ? "" : ` of ${owner}`;
    const where = workspace === undefined ? "" : ` in the workspace ${workspace}`;
    return `no secret${whose}${where} is managed yet: gwops apply a manifest with a section secrets (docs/manifest.md)`;
  }
  const left = secrets.filter(({ state }) => state !== "current").length;
  const all = counted(secrets.length, "secret");
  return left === 0 ? `${all}, all current` : `${all}, of which ${left} not current`;
}

function exitCodeOf({ secrets, unreadable }: SecretStatuses): ExitCode {
  const states = new Set(secrets.map(({ state }) => state));
  if (unreadable.length > 0 || states.has("unknown")) return EXIT.error;
  states.delete("current");
  return states.size > 0 ? EXIT.pending : EXIT.ok;
}
