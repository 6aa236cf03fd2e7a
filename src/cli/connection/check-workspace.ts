import type { Backend } from "#cli/backend.ts";
import { UsageError } from "#cli/usage-error.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { firstOf } from "#runtime/first-of.ts";

/**
 * Throws {@link UsageError} for a workspace that was asked for and that the server does not have:
 * what is in no workspace looks like nothing to do.
 */
export async function checkWorkspace(
  { workspaces, dependencies }: Backend,
  asked: string | undefined,
): Promise<void> {
  // Every server has this one, be it that it knows no others.
  if (asked === undefined || asked === WORKSPACE_DEFAULT) return;
  const names = await workspaces();
  if (names === undefined || names.includes(asked)) return;
  const { server } = dependencies;
  throw new UsageError(
    names.length === 0
      ? `the workspace "${asked}" is asked for (--workspace or MLFLOW_WORKSPACE), and ${server} has no workspaces: it runs without --enable-workspaces`
      : `${server} has no workspace "${asked}" (--workspace or MLFLOW_WORKSPACE); it has ${firstOf([...names].sort())}`,
  );
}

/** Adds to what the server says of a workspace that a manifest names which ones it has. */
export async function namingWorkspaces<R>(
  { workspaces, dependencies }: Backend,
  work: () => Promise<R>,
): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GatewayOpsError) || error.code !== "gateway-unknown-workspace") {
      throw error;
    }
    const names = (await workspaces()) ?? [];
    if (names.length === 0) throw error;
    throw new UsageError(
      `${error.message}; ${dependencies.server} has ${firstOf([...names].sort())}`,
      { cause: error },
    );
  }
}
