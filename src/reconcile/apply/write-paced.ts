import type { Pace } from "#runtime/pace.ts";
import type { SecretGateway } from "#secrets/push.ts";
import type { GatewayWriter } from "./gateway-writer.ts";

/** The same gateway, each write of which waits for its turn, but not beyond the signal. */
export function paced(
  gateway: GatewayWriter & SecretGateway,
  pace: Pace,
  signal: AbortSignal,
): GatewayWriter & SecretGateway {
  const slow =
    <A, R>(write: (request: A) => Promise<R>) =>
    async (request: A) => {
      await pace(signal);
      return write(request);
    };
  const { secrets, modelDefinitions, endpoints, bindings, guardrails, budgets } = gateway;
  return {
    secrets: {
      list: () => secrets.list(),
      create: slow((secret) => secrets.create(secret)),
      update: slow((secret) => secrets.update(secret)),
      delete: slow((secret) => secrets.delete(secret)),
    },
    modelDefinitions: {
      create: slow((definition) => modelDefinitions.create(definition)),
      update: slow((definition) => modelDefinitions.update(definition)),
      delete: slow((definition) => modelDefinitions.delete(definition)),
    },
    endpoints: {
      find: (endpoint) => endpoints.find(endpoint),
      create: slow((endpoint) => endpoints.create(endpoint)),
      update: slow((endpoint) => endpoints.update(endpoint)),
      delete: slow((endpoint) => endpoints.delete(endpoint)),
      setTag: slow((tag) => endpoints.setTag(tag)),
      deleteTag: slow((tag) => endpoints.deleteTag(tag)),
    },
    bindings: {
      create: slow((binding) => bindings.create(binding)),
      delete: slow((binding) => bindings.delete(binding)),
    },
    guardrails: {
      create: slow((guardrail) => guardrails.create(guardrail)),
      listForEndpoint: (endpoint) => guardrails.listForEndpoint(endpoint),
      addToEndpoint: slow((placement) => guardrails.addToEndpoint(placement)),
      updateConfig: slow((placement) => guardrails.updateConfig(placement)),
      removeFromEndpoint: slow((placement) => guardrails.removeFromEndpoint(placement)),
    },
    budgets: {
      create: slow((budget) => budgets.create(budget)),
      update: slow((budget) => budgets.update(budget)),
      delete: slow((budget) => budgets.delete(budget)),
    },
  };
}
