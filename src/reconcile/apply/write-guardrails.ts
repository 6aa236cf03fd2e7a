import { findMeant } from "#reconcile/plan/guardrails.ts";
import { guardrailThroughRenames, type Renames } from "#reconcile/plan/renames.ts";
import {
  type ActualGuardrail,
  type ActualState,
  type EndpointGuardrail,
  type ResourceKey,
  scorerKey,
} from "#reconcile/state.ts";
import { assert } from "#runtime/assert.ts";
import { type GatewayWriter, idOf, ignoreMissing, stated } from "./gateway-writer.ts";

/** The guardrails that exist, grown by those that are made. */
export interface Guardrails {
  /** Several at once that ask for the same one get the same one. */
  ensure(wanted: EndpointGuardrail): Promise<ActualGuardrail>;
  readonly byId: ReadonlyMap<string, ActualGuardrail>;
}

export function guardrailsOf(
  gateway: GatewayWriter,
  ids: ReadonlyMap<ResourceKey, string>,
  { guardrails, scorers }: ActualState,
  renames: Renames,
): Guardrails {
  const renamed = guardrails.map((guardrail) => guardrailThroughRenames(guardrail, renames));
  const byId = new Map(renamed.map((guardrail) => [guardrail.id, guardrail]));
  const underWay = new Map<string, Promise<ActualGuardrail>>();
  const make = async (wanted: EndpointGuardrail): Promise<ActualGuardrail> => {
    const { name, scorer, stage, action, action_endpoint } = wanted;
    const registered = scorer && scorers.get(scorerKey(scorer));
    assert(scorer && registered && stage && action, `guardrail ${name} cannot be made`);
    const version = scorer.version ?? registered.version;
    const created = await gateway.guardrails.create({
      name,
      scorer_id: registered.scorer_id,
      scorer_version: version,
      stage,
      action,
      ...(action_endpoint && { action_endpoint_id: idOf(ids, `endpoint/${action_endpoint}`) }),
    });
    const made: ActualGuardrail = {
      id: created.guardrail_id,
      name,
      scorer: { ...scorer, version },
      stage,
      action,
      action_endpoint,
    };
    byId.set(made.id, made);
    return made;
  };
  return {
    byId,
    ensure(wanted) {
      const existing = findMeant(wanted, [...byId.values()]);
      if (existing) return Promise.resolve(existing);
      const { execution_order: _, ...identity } = wanted;
      const key = JSON.stringify(identity);
      const making = underWay.get(key) ?? make(wanted);
      underWay.set(key, making);
      return making;
    },
  };
}

/**
 * Brings the guardrails of an endpoint to those that are stated. Those that are missing are put on
 * before others are taken off, so that traffic is never without one. Guardrails themselves are
 * never deleted: another endpoint may use them.
 */
export async function writePlacements(
  { gateway, guardrails }: { gateway: GatewayWriter; guardrails: Guardrails },
  endpoint_id: string,
  wanted: readonly EndpointGuardrail[],
  isNew: boolean,
): Promise<void> {
  const placed = isNew ? [] : await gateway.guardrails.listForEndpoint({ endpoint_id });
  const orders = new Map(placed.map((config) => [config.guardrail_id, config.execution_order]));
  const free = new Set(orders.keys());
  for (const one of wanted) {
    const here = [...free].flatMap((id) => guardrails.byId.get(id) ?? []);
    const { id: guardrail_id } = findMeant(one, here) ?? (await guardrails.ensure(one));
    const placement = { endpoint_id, guardrail_id };
    const { execution_order } = one;
    const isPlaced = free.delete(guardrail_id);
    if (!isPlaced) {
      await gateway.guardrails.addToEndpoint({
        ...placement,
        ...stated("execution_order", execution_order),
      });
    } else if (execution_order !== undefined && execution_order !== orders.get(guardrail_id)) {
      await gateway.guardrails.updateConfig({ ...placement, execution_order });
    }
  }
  for (const guardrail_id of free) {
    await gateway.guardrails.removeFromEndpoint({ endpoint_id, guardrail_id }).catch(ignoreMissing);
  }
}
