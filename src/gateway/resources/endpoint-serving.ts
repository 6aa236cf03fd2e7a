import { GatewayRequestError } from "#gateway/errors.ts";
import { shareOf } from "#gateway/share.ts";
import type { ModelConfig } from "#gateway/types.ts";

/** What of an endpoint decides how it answers calls. */
export interface Serving<M = Pick<ModelConfig, "linkage_type" | "weight">> {
  readonly models: readonly M[];
  readonly routing_strategy?: string | undefined;
  readonly fallback_config?: object | undefined;
}

/**
 * Throws {@link GatewayRequestError} when the endpoint would answer calls badly or not at all: the
 * server stores it all the same. `before` is for a call that only takes away: it is not blamed for
 * what was wrong already.
 */
export function checkServing(operation: string, after: Serving, before?: Serving): void {
  const fault = faultOf(after);
  if (fault === undefined || (before && faultOf(before) === fault)) return;
  throw new GatewayRequestError(
    `${operation}: the endpoint would be left ${fault} (force does it all the same)`,
  );
}

function faultOf({ models, routing_strategy, fallback_config }: Serving): string | undefined {
  const primaries = models.filter(({ linkage_type }) => linkage_type === "PRIMARY");
  if (primaries.length === 0) return "without a PRIMARY model, so that every call fails";
  if (routing_strategy === undefined && primaries.length > 1) {
    return "with several PRIMARY models, of which one gets all calls without a routing_strategy";
  }
  if (routing_strategy !== undefined && !areShares(primaries.map(({ weight = 1 }) => weight))) {
    return "with PRIMARY weights that are no shares, so that every call fails: one must be above 0.01, none below 0";
  }
  return primaries.length < models.length && fallback_config === undefined
    ? "without a fallback_config, so that its FALLBACK models are never used: update it with one first"
    : undefined;
}

function areShares(weights: readonly number[]): boolean {
  const shares = weights.map(shareOf);
  return shares.every((share) => share >= 0) && shares.some((share) => share > 0);
}
