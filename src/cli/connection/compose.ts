import type { Backend, BackendRequest, Memory } from "#cli/backend.ts";
import type { GwopsContext } from "#cli/context.ts";
import { workspaceClients } from "#gateway/workspace-clients.ts";
import { FileLedger } from "#local/file-ledger.ts";
import { isGone, thisProcess } from "#local/process.ts";
import { readOrMakeKey } from "#local/secret-key.ts";
import { LocalSecretSources } from "#local/secret-sources.ts";
import { SnapshotFiles } from "#local/snapshot-files.ts";
import { defaultLedgerPath } from "#local/state-folder.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import type { Clock } from "#runtime/clock.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { paceOf } from "#runtime/pace.ts";
import { RequestCount } from "#runtime/request-count.ts";
import { serverAddress, serverName } from "#runtime/server.ts";
import { parseInThread } from "#thread/parse-in-thread.ts";
import { openSecretsManager } from "./secrets-manager.ts";

/** What an MLflow server does unless it was started with another setting. */
const SECRET_CACHE_TTL_MS = 60_000;

type Surroundings = Pick<GwopsContext, "env" | "home" | "folder" | "clock" | "runId" | "user">;

/** Joins the use cases with a real gateway, and with files or a deployed stack. */
export async function openBackend(
  surroundings: Surroundings,
  request: BackendRequest,
): Promise<Backend> {
  const { env, home, folder, clock, runId, user } = surroundings;
  const ledgerPath = request.ledger ?? defaultLedgerPath({ env, home }, request.trackingUri);
  const { ledger, snapshots, isShared } = await openMemory(clock, request, ledgerPath);
  const { writesPerSecondMax, owner, approvals } = request;
  return {
    isShared,
    dependencies: {
      ledger,
      snapshots,
      ...clientsOf(request),
      source: new LocalSecretSources({
        owner,
        env,
        folder,
        key: () => readOrMakeKey(`${ledgerPath}.key`, clock),
        secretsManager: openSecretsManager,
      }),
      server: serverAddress(request.trackingUri),
      approvals,
      parse: parseInThread(),
      clock,
      runId,
      place: { by: user, ...thisProcess() },
      isGone,
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

async function openMemory(
  clock: Clock,
  { stack, trackingUri }: BackendRequest,
  ledgerPath: string,
): Promise<Memory> {
  if (stack !== undefined) {
    const { openStack } = await import("./stack.ts");
    return openStack(stack);
  }
  return {
    ledger: new FileLedger({ path: ledgerPath, gateway: serverName(trackingUri), clock }),
    snapshots: new SnapshotFiles(`${ledgerPath}.snapshots`),
    isShared: false,
  };
}

/** The clients of all workspaces count into one. */
function clientsOf({ trackingUri, auth }: BackendRequest) {
  const requests = new RequestCount();
  const clients = workspaceClients({ trackingUri, auth, onRequest: requests.add });
  return { ...clients, requestCounts: requests.counts };
}
