import { resolve } from "node:path";
import type { Backend, BackendRequest } from "#cli/backend.ts";
import type { GwopsContext } from "#cli/context.ts";
import { type GatewayFlags, OWNER_DEFAULT, type WriteFlags } from "#cli/input/flags.ts";
import { trackingUriOf, workspaceOf } from "#cli/input/server-address.ts";
import { UsageError } from "#cli/usage-error.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import type { Ledger } from "#runtime/ledger.ts";
import { checkWorkspace } from "./check-workspace.ts";
import { loginOf } from "./login.ts";

/** Out of politeness to the traffic that the same server workers serve. */
const WRITES_PER_SECOND_MAX = 20;

/** The ledger of a stack is found without knowing its gateway. */
const NO_GATEWAY = "http://gateway.invalid";

/** The ledger that the flags and the environment name, for commands that speak with no gateway. */
export async function ledgerOf(
  context: GwopsContext,
  flags: Omit<GatewayFlags, "owner">,
): Promise<{ readonly ledger: Ledger; readonly isShared: boolean }> {
  const trackingUri = flags.stack === undefined ? flags.trackingUri : NO_GATEWAY;
  const backend = await open(context, { ...flags, owner: OWNER_DEFAULT, trackingUri });
  return { ledger: backend.dependencies.ledger, isShared: backend.isShared };
}

/**
 * Opens the gateway and the memory that the flags and the environment name. Throws
 * {@link UsageError} for a workspace that the server does not have.
 */
export async function backendOf(
  context: GwopsContext,
  flags: GatewayFlags & Partial<WriteFlags>,
): Promise<Backend> {
  const backend = await open(context, flags);
  await checkWorkspace(backend, workspaceOf(flags.workspace, context.env));
  return backend;
}

async function open(
  context: GwopsContext,
  flags: GatewayFlags & Partial<WriteFlags>,
): Promise<Backend> {
  const { env, home, folder, user } = context;
  if (flags.stack !== undefined && flags.ledger !== undefined) {
    throw new UsageError("--stack and --ledger both name a ledger: give one of them");
  }
  const ledger = flags.ledger ?? env.GATEWAY_OPS_LEDGER;
  const request: BackendRequest = {
    trackingUri: trackingUriOf(flags.trackingUri, env),
    auth: await loginOf(env, home),
    owner: flags.owner,
    ledger: ledger ? resolve(folder, ledger) : undefined,
    stack: flags.stack,
    writesPerSecondMax: flags.fast ? undefined : WRITES_PER_SECOND_MAX,
    approvals: {
      approver: async (checksum) => (flags.approve?.includes(checksum) ? user : undefined),
    },
  };
  return context.open(request);
}

/** The workspace of commands that work on a single one. */
export function singleWorkspace({ env }: GwopsContext, flags: GatewayFlags): string {
  return workspaceOf(flags.workspace, env) ?? WORKSPACE_DEFAULT;
}
