import { nameOf, range, type Sizes } from "./dataset.ts";
import { type RawLoop, type RawRequest, type RawResult, sendAll } from "./raw.ts";
import type { BenchServer } from "./server.ts";

/** By kind of write; a count of each, or how many are done in a second. */
export interface Rates {
  readonly secret: number;
  readonly model_definition: number;
  readonly endpoint: number;
  readonly tag: number;
}

/** What a full apply must write: an endpoint's owner needs a request of its own. */
export function writesOf({ secrets, modelDefinitions, endpoints }: Sizes): Rates {
  return {
    secret: secrets,
    model_definition: modelDefinitions,
    endpoint: endpoints,
    tag: endpoints,
  };
}

/** Per second, of so many writes one kind after the other. */
export function totalRate(writes: Rates, rates: Rates): number {
  const kinds = Object.keys(writes) as (keyof Rates)[];
  const total = kinds.reduce((sum, kind) => sum + writes[kind], 0);
  return total / kinds.reduce((seconds, kind) => seconds + writes[kind] / rates[kind], 0);
}

/**
 * Writes some of each kind and returns how many per second of each. `prefix` keeps the names of
 * several loops on one server apart.
 */
export async function rawWrites(
  server: BenchServer,
  loop: RawLoop,
  sizes: Sizes,
  prefix: string,
): Promise<Rates> {
  const counts = writesOf(sizes);
  const write = async (path: string, count: number, body: (index: number) => object) => {
    const requests = range(count).map(
      (index): RawRequest => ({ method: "POST", path, json: body(index) }),
    );
    return checked(await sendAll(server, requests, loop));
  };
  const secrets = await write("secrets/create", counts.secret, (index) => ({
    secret_name: `${prefix}-${nameOf("secret", index)}`,
    secret_value: { api_key: "sk-a-value" },
    provider: "openai",
    created_by: "gwops:bench",
  }));
  const secretIds = idsOf(secrets, "secret", "secret_id");
  const definitions = await write("model-definitions/create", counts.model_definition, (index) => ({
    name: `${prefix}-${nameOf("model", index)}`,
    secret_id: secretIds[index % secretIds.length],
    provider: "openai",
    model_name: "gpt-4o",
    created_by: "gwops:bench",
  }));
  const definitionIds = idsOf(definitions, "model_definition", "model_definition_id");
  const endpoints = await write("endpoints/create", counts.endpoint, (index) => ({
    name: `${prefix}-${nameOf("endpoint", index)}`,
    model_configs: [
      {
        model_definition_id: definitionIds[index % definitionIds.length],
        linkage_type: "PRIMARY",
      },
    ],
    usage_tracking: false,
    created_by: "gwops:bench",
  }));
  const endpointIds = idsOf(endpoints, "endpoint", "endpoint_id");
  const tags = await write("endpoints/set-tag", counts.tag, (index) => ({
    endpoint_id: endpointIds[index % endpointIds.length],
    key: "gwops/owner",
    value: "bench",
  }));
  return {
    secret: secrets.rate,
    model_definition: definitions.rate,
    endpoint: endpoints.rate,
    tag: tags.rate,
  };
}

function checked(result: RawResult): RawResult {
  if (result.failed === 0) return result;
  throw new Error(`${result.failed} of ${result.bodies.length} raw writes failed`);
}

function idsOf({ bodies }: RawResult, entity: string, field: string): string[] {
  return bodies.map((body) => {
    const answer = JSON.parse(body) as Record<string, Record<string, string> | undefined>;
    return answer[entity]?.[field] ?? "";
  });
}
