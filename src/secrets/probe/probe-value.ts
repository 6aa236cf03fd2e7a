import { type Deadline, limitedTo } from "#runtime/deadline.ts";
import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";
import type { Redacted } from "#runtime/redacted.ts";
import type { SecretTarget } from "#secrets/managed-secret.ts";
import type { ProbeDependencies, ProbeGateway } from "./probe-gateway.ts";
import { modelToTry, type ProbeModel } from "./probe-model.ts";
import { inconclusive, type ProbeResult } from "./probe-result.ts";
import { type Trial, withTemporaryEndpoint } from "./temporary-endpoint.ts";
import { tryModel } from "./try-model.ts";

/** Whose value is tried, and how it would be written. */
export type ProbeTarget = Pick<SecretTarget, "workspace" | "name" | "provider" | "auth_config"> & {
  /** Models that are about to use the secret; those that do so on the gateway come after them. */
  readonly models?: readonly ProbeModel[] | undefined;
};

/** There is no time left to try the value, and it must not be pushed untried for that. */
class ProbePutOffError extends GatewayOpsError {
  override readonly name = "ProbePutOffError";
  readonly code = "probe-put-off";
  readonly disposition: Disposition = "retry";
}

/** A provider that takes longer over one token is not working well. */
const CALL_MS = 20_000;
/** The first call after the start of a server took 7 s (MLflow 3.17). */
const CALL_MS_MIN = 10_000;
/** A server that looks for prices on the internet in vain takes minutes over its catalogue. */
const CATALOG_MS = 5000;

/**
 * Tries a value through the gateway before it is pushed: with a secret, a model definition and an
 * endpoint of its own that are removed again, and a call that costs one token or one embedding.
 *
 * Throws what the gateway throws when it cannot be reached or the time is over (`retry`), before or
 * after the call; what it refuses to make is `inconclusive`.
 */
export async function probeValue(
  dependencies: ProbeDependencies,
  target: ProbeTarget,
  value: Readonly<Record<string, Redacted<string>>>,
  deadline: Deadline,
): Promise<ProbeResult> {
  const { workspace, name, auth_config = {} } = target;
  const gateway = dependencies.gatewayOf(workspace, deadline);
  const models = [...(target.models ?? []), ...(await modelsOf(gateway, target))];
  if (models.length === 0) return inconclusive(`no model definition uses the secret ${name} yet`);
  const catalog = dependencies.gatewayOf(workspace, limitedTo(deadline, CATALOG_MS));
  const callable = await modelToTry(catalog, models);
  if (!callable) {
    return inconclusive(
      `no model that uses the secret ${name} answers to a chat or with embeddings`,
    );
  }
  const callMs = Math.min(deadline.leftMs(), CALL_MS);
  if (callMs < CALL_MS_MIN) {
    throw new ProbePutOffError(`no time is left to try the new value of the secret ${name}`);
  }
  const trial: Trial = { provider: target.provider, model: callable.model, value, auth_config };
  try {
    return await withTemporaryEndpoint(gateway, trial, (endpointName) => {
      const invocations = dependencies.invocationsOf(workspace, limitedTo(deadline, callMs));
      return tryModel(invocations, endpointName, callable, deadline.signal);
    });
  } catch (error) {
    const isRefused = error instanceof GatewayOpsError && error.disposition === "reject";
    if (!isRefused) throw error;
    return inconclusive(`the gateway does not make what a trial needs (${error.code})`);
  }
}

async function modelsOf(
  { modelDefinitions }: ProbeGateway,
  { name }: ProbeTarget,
): Promise<readonly ProbeModel[]> {
  const definitions = await modelDefinitions.list();
  return definitions.filter(({ secret_name }) => secret_name === name);
}
