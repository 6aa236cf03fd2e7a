import type { Deadline } from "#runtime/deadline.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import type { Redacted } from "#runtime/redacted.ts";
import type { SecretTarget } from "#secrets/managed-secret.ts";
import type { ProbeDependencies } from "./probe-gateway.ts";
import type { ProbeModel } from "./probe-model.ts";
import type { ProbeResult } from "./probe-result.ts";
import { probeValue } from "./probe-value.ts";

/** What a push needs to try a value first. */
export interface TrialDependencies extends ProbeDependencies {
  readonly deadline: Deadline;
  /** Whether values are tried of which the manifest does not say it. @default false */
  readonly probesByDefault?: boolean | undefined;
  /** Somebody said that nothing is tried now, whatever the manifest says. @default false */
  readonly skipsProbes?: boolean | undefined;
  /** Models that are about to use the secret of that name. @default none */
  readonly modelsOf?: ((secretName: string) => readonly ProbeModel[]) | undefined;
}

/** The provider does not accept the value that was to replace one which may well work. */
class ValueRefusedError extends GatewayOpsError {
  override readonly name = "ValueRefusedError";
  readonly code = "secret-value-refused";
  readonly disposition = "reject";
}

/**
 * Tries a value that is about to be written. Undefined when it is not to be tried; throws
 * {@link ValueRefusedError} when the provider refuses it.
 */
export async function tryValue(
  dependencies: TrialDependencies,
  target: SecretTarget,
  value: Readonly<Record<string, Redacted<string>>>,
): Promise<ProbeResult | undefined> {
  const { deadline, probesByDefault = false, skipsProbes = false, modelsOf } = dependencies;
  const { name, probe = probesByDefault } = target;
  if (skipsProbes || !probe) return undefined;
  const result = await probeValue(
    dependencies,
    { ...target, models: modelsOf?.(name) },
    value,
    deadline,
  );
  if (result.verdict !== "refused") return result;
  throw new ValueRefusedError(
    `the new value of the secret ${name} was tried and is not pushed: ${result.reason}. Store a key that the provider accepts as a new version of its source; if this one is right all the same, set probe: false`,
  );
}
