import { createSecret, madeUpKey, putManifest, settled } from "../../../scripts/story/actions.ts";
import type { World } from "../../../scripts/story/world.ts";

/** An owner with a secret, a model definition and an endpoint, all applied. */
export async function beginOwner(world: World, name: string): Promise<void> {
  await createSecret(world, `${name}/key`, madeUpKey(name), name);
  await settled(world, await putManifest(world, "gateway.yaml", tenant(name), name), "applied");
}

export function tenant(name: string): string {
  return [
    "version: 1",
    "secrets:",
    `  - { name: ${name}, provider: openai, value_from: { secrets_manager: ${name}/key }, auth_config: { auth_mode: api_key, api_base: "https://api.openai.com/v1" } }`,
    "model_definitions:",
    `  - { name: definition-${name}, secret: ${name}, model_name: gpt-4o }`,
    "endpoints:",
    `  - { name: endpoint-${name}, models: [ { model_definition: definition-${name}, linkage_type: PRIMARY } ] }`,
  ].join("\n");
}

/** An endpoint beside what {@link tenant} declares for the owner. */
export function endpointOf(owner: string, name: string): string {
  return [
    "version: 1",
    "endpoints:",
    `  - name: ${name}`,
    `    models: [ { model_definition: definition-${owner}, linkage_type: PRIMARY } ]`,
  ].join("\n");
}

export async function endpointsNamed(world: World, prefix: string): Promise<string[]> {
  const names = (await world.gateway.endpoints.list()).map(({ name }) => name);
  return names.filter((name) => name.startsWith(prefix)).sort();
}

/** Everything on the gateway that a manifest can change. */
export async function everythingOf({ gateway }: World): Promise<string> {
  const lists = await Promise.all([
    gateway.secrets.list(),
    gateway.modelDefinitions.list(),
    gateway.endpoints.list(),
    gateway.bindings.list(),
    gateway.budgets.list(),
  ]);
  return JSON.stringify(lists.map((list) => list.map((one) => JSON.stringify(one)).sort()));
}
