import { GatewayClient, type GatewayClientOptions } from "#gateway/client.ts";
import type { OperationName } from "#gateway/operations.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import { FileLedger } from "#local/file-ledger.ts";
import { readOrMakeKey } from "#local/secret-key.ts";
import { LocalSecretSources } from "#local/secret-sources.ts";
import { SnapshotFiles } from "#local/snapshot-files.ts";
import { defaultLedgerPath, gatewayName } from "#local/state-folder.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import type { Clock } from "#runtime/clock.ts";
import { paceOf } from "#runtime/pace.ts";
import type { Backend, BackendRequest, Memory } from "./backend.ts";
import type { GwopsContext } from "./context.ts";
import { openSecretsManager } from "./secrets-manager.ts";

/** What an MLflow server does unless it was started with another setting. */
const SECRET_CACHE_TTL_MS = 60_000;

type Surroundings = Pick<GwopsContext, "env" | "home" | "folder" | "clock" | "runId">;

/** Joins the use cases with a real gateway, and with files or a deployed stack. */
export async function openBackend(
  surroundings: Surroundings,
  request: BackendRequest,
): Promise<Backend> {
  const { env, home, folder, clock, runId } = surroundings;
  const ledgerPath = request.ledger ?? defaultLedgerPath({ env, home }, request.trackingUri);
  const { ledger, snapshots, isShared, policy } = await openMemory(clock, request, ledgerPath);
  const { writesPerSecondMax, owner, approvals } = request;
  return {
    isShared,
    policy,
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
      approvals,
      clock,
      runId,
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
    ledger: new FileLedger({ path: ledgerPath, gateway: gatewayName(trackingUri), clock }),
    snapshots: new SnapshotFiles(`${ledgerPath}.snapshots`),
    isShared: false,
  };
}

/** A client for each workspace, all of which count into one. */
function clientsOf({ trackingUri, auth }: BackendRequest) {
  const counts: Record<string, number> = {};
  const optionsOf = <N extends string>(workspace: string): GatewayClientOptions<N> => ({
    trackingUri,
    auth,
    ...(workspace === WORKSPACE_DEFAULT ? {} : { workspace }),
    onRequest: (operation) => {
      counts[operation] = (counts[operation] ?? 0) + 1;
    },
  });
  return {
    gatewayOf: remembered((workspace) => new GatewayClient(optionsOf<OperationName>(workspace))),
    trackingOf: remembered((workspace) => new TrackingClient(optionsOf(workspace))),
    requestCounts: () => ({ ...counts }),
  };
}

/** Makes each only once: a client keeps its connections and what it learnt of the server. */
function remembered<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const known = made.get(name) ?? make(name);
    made.set(name, known);
    return known;
  };
}
