import { backendOf } from "#cli/connection/session.ts";
import { firstOf } from "#runtime/first-of.ts";
import { type SecretStatuses, secretStatuses } from "#secrets/secret-status.ts";
import type { Backend } from "./backend.ts";
import type { GwopsContext } from "./context.ts";
import { OWNER_DEFAULT } from "./input/flags.ts";
import type { SecretFlags } from "./input/secret-flags.ts";
import { UsageError } from "./usage-error.ts";

/** What the ledger, the sources and the gateway say of the secrets that are asked for. */
export async function lookedUp(
  context: GwopsContext,
  flags: SecretFlags,
  names: readonly string[],
): Promise<{ readonly statuses: SecretStatuses; readonly backend: Backend }> {
  const backend = await backendOf(context, { ...flags, owner: flags.owner ?? OWNER_DEFAULT });
  const { owner, workspace } = flags;
  const filter = { owner, workspace, names: names.length > 0 ? names : undefined };
  const statuses = await secretStatuses(backend.dependencies, filter);
  requireNamed(names, statuses);
  return { statuses, backend };
}

/** Throws {@link UsageError} for a name that no managed secret has. */
function requireNamed(names: readonly string[], { secrets }: SecretStatuses): void {
  const missing = names.filter((name) => !secrets.some((secret) => secret.name === name));
  if (missing.length === 0) return;
  throw new UsageError(
    `no secret ${firstOf(missing)} is managed here: gwops secrets status lists those that are`,
  );
}
