import type { Endpoint, Guardrail, GuardrailConfig } from "#gateway/types.ts";
import { findMeant } from "#reconcile/plan/guardrails.ts";
import {
  type ActualGuardrail,
  type EndpointGuardrail,
  type RegisteredScorer,
  scorerKey,
} from "#reconcile/state.ts";
import { mapLimited } from "#runtime/limit.ts";
import type { TrackingReader } from "./experiments.ts";

/** The part of the gateway client that observing guardrails needs. */
export interface GuardrailReader {
  readonly guardrails: {
    list(): Promise<readonly Guardrail[]>;
    listForEndpoint(endpoint: {
      readonly endpoint_id: string;
    }): Promise<readonly GuardrailConfig[]>;
  };
}

/** As the server has them, before ids become names. */
export interface RawGuardrails {
  readonly objects: readonly Guardrail[];
  /** By endpoint id, in the order in which they run. */
  readonly placements: ReadonlyMap<string, readonly GuardrailConfig[]>;
}

export const NO_GUARDRAILS: RawGuardrails = { objects: [], placements: new Map() };

const CONCURRENCY = 4;

/** One request, and one for each of the endpoints. What is on one is there, whatever the list says. */
export async function listGuardrails(
  { guardrails }: GuardrailReader,
  endpoints: readonly Endpoint[],
): Promise<RawGuardrails> {
  const objects = await guardrails.list();
  const placements = await mapLimited(
    endpoints,
    CONCURRENCY,
    async ({ endpoint_id }) =>
      [endpoint_id, await guardrails.listForEndpoint({ endpoint_id })] as const,
  );
  const placed = placements.flatMap(([, configs]) => configs.flatMap((one) => one.guardrail ?? []));
  const byId = new Map([...placed, ...objects].map((one) => [one.guardrail_id, one]));
  return { objects: [...byId.values()], placements: new Map(placements) };
}

/** What names the ids in a guardrail. */
export interface GuardrailNames {
  readonly endpoints: ReadonlyMap<string, string>;
  readonly experiments: ReadonlyMap<string, string>;
}

export function fromGuardrail(guardrail: Guardrail, names: GuardrailNames): ActualGuardrail {
  const { scorer, action_endpoint_id: target } = guardrail;
  return {
    id: guardrail.guardrail_id,
    name: guardrail.name,
    scorer: {
      experiment: names.experiments.get(scorer.experiment_id ?? "") ?? `#${scorer.experiment_id}`,
      name: scorer.scorer_name ?? scorer.scorer_id,
      version: scorer.scorer_version,
    },
    stage: guardrail.stage,
    action: guardrail.action,
    // MLflow 3.17 answers with the endpoint's name where it was given the id.
    action_endpoint: target && (names.endpoints.get(target) ?? target),
  };
}

export function fromPlacement(
  { guardrail, guardrail_id, execution_order }: GuardrailConfig,
  names: GuardrailNames,
): EndpointGuardrail {
  if (!guardrail) return { name: guardrail_id, execution_order };
  const { id: _, ...fields } = fromGuardrail(guardrail, names);
  return { ...fields, execution_order };
}

/** The scorers of guardrails that must be made: one request for each of their experiments. */
export async function scorersToUse(
  tracking: TrackingReader,
  wanted: readonly EndpointGuardrail[],
  existing: readonly ActualGuardrail[],
  experimentIds: ReadonlyMap<string, string>,
): Promise<Map<string, RegisteredScorer>> {
  const references = wanted.flatMap((guardrail) =>
    guardrail.scorer && !findMeant(guardrail, existing) ? [guardrail.scorer] : [],
  );
  const experiments = new Set(references.map(({ experiment }) => experiment));
  const scorers = new Map<string, RegisteredScorer>();
  await mapLimited([...experiments], CONCURRENCY, async (experiment) => {
    const experiment_id = experimentIds.get(experiment);
    if (experiment_id === undefined) return;
    for (const { scorer_id, scorer_name, scorer_version } of await tracking.scorers.list({
      experiment_id,
    })) {
      const key = scorerKey({ experiment, name: scorer_name });
      scorers.set(key, { scorer_id, version: scorer_version });
    }
  });
  return scorers;
}
