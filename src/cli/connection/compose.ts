import { parseApart } from "#apart/read-apart.ts";
import type { Backend, BackendRequest, Memory } from "#cli/backend.ts";
import type { Environment, GwopsContext } from "#cli/context.ts";
import { HttpTransport } from "#gateway/http/transport.ts";
import { workspaceClients } from "#gateway/workspace-clients.ts";
import { FileLedger } from "#local/file-ledger.ts";
import { isGone, thisProcess } from "#local/process.ts";
import { readOrMakeKey } from "#local/secret-key.ts";
import { LocalSecretSources } from "#local/secret-sources.ts";
import { SnapshotFolder } from "#local/snapshot-folder.ts";
import { defaultLedgerPath } from "#local/state-folder.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { paceOf } from "#runtime/pace.ts";
import { RequestCount } from "#runtime/request-count.ts";
import { serverAddress, serverName } from "#runtime/server.ts";
import { visible } from "#runtime/visible.ts";
import { agentFor } from "./proxy-environment.ts";
import { openRejectedLabel, openSecretsManager } from "./secrets-manager.ts";

/** What an MLflow server does unless it was started with another setting. */
const SECRET_CACHE_TTL_MS = 60_000;

interface Surroundings
  extends Pick<GwopsContext, "env" | "home" | "folder" | "clock" | "runId" | "user" | "process"> {
  /** Ends all calls of the memory; see `interruption`. */
  readonly recording: AbortSignal;
}

/** Joins the use cases with a real gateway, and with files or a deployed stack. */
export async function openBackend(
  surroundings: Surroundings,
  request: BackendRequest,
): Promise<Backend> {
  const { env, home, folder, clock, runId, user, process, recording } = surroundings;
  const ledgerPath = request.ledger ?? defaultLedgerPath({ env, home }, request.trackingUri);
  const { ledger, snapshots, isShared, manifests } = await openMemory(
    surroundings,
    request,
    ledgerPath,
  );
  const { writesPerSecondMax, owner, approvals } = request;
  const clients = clientsOf(request, env);
  return {
    isShared,
    manifests,
    workspaces: () => workspacesOf(clients),
    rejectedLabel: () => openRejectedLabel(env),
    dependencies: {
      ledger,
      snapshots,
      ...clients,
      source: new LocalSecretSources({
        owner,
        env,
        folder,
        key: () => readOrMakeKey(`${ledgerPath}.key`, clock, recording),
        secretsManager: () => openSecretsManager(env),
      }),
      server: serverAddress(request.trackingUri),
      approvals,
      parse: parseApart(),
      clock,
      runId,
      place: { by: user, ...thisProcess() },
      isGone,
      onLeaseLeft: (name, error) => process.stderr.write(leaseLeft(name, error)),
      // A command ends when it is done, or when somebody stops it.
      deadline: NO_DEADLINE,
      secretCacheTtlMs: SECRET_CACHE_TTL_MS,
      pace: writesPerSecondMax === undefined ? undefined : paceOf(writesPerSecondMax, clock),
      planSettings: {
        prune: false,
        limits: GUARD_LIMITS_DEFAULT,
        allowLoopbackApiBase: true,
        sources: "any",
      },
    },
  };
}

/** Of a server without any: none. */
async function workspacesOf({
  gatewayOf,
  trackingOf,
}: ReturnType<typeof clientsOf>): Promise<readonly string[] | undefined> {
  const info = await gatewayOf(WORKSPACE_DEFAULT, NO_DEADLINE).server.info();
  if (!info.workspaces_enabled) return [];
  return trackingOf(WORKSPACE_DEFAULT, NO_DEADLINE).workspaces.list();
}

function leaseLeft(name: string, error: unknown): string {
  const why = visible((error as Error).message);
  return `the lease ${name} could not be given back, and runs out within a minute: ${why}\n`;
}

async function openMemory(
  { env, clock, recording }: Surroundings,
  { stack, trackingUri }: BackendRequest,
  ledgerPath: string,
): Promise<Memory> {
  if (stack !== undefined) {
    const { openStack } = await import("./stack.ts");
    return openStack(stack, { env, recording });
  }
  return {
    ledger: new FileLedger({
      path: ledgerPath,
      gateway: serverName(trackingUri),
      clock,
      signal: recording,
    }),
    snapshots: new SnapshotFolder(`${ledgerPath}.snapshots`),
    isShared: false,
  };
}

/** The clients of all workspaces count into one. */
function clientsOf({ trackingUri, auth }: BackendRequest, env: Environment) {
  const requests = new RequestCount();
  const clients = workspaceClients({
    trackingUri,
    auth,
    transport: new HttpTransport({ agent: agentFor(new URL(trackingUri), env) }),
    onRequest: requests.add,
  });
  return { ...clients, requestCounts: requests.counts };
}
