import type { Endpoint, LinkageType, ModelDefinition, ModelMapping } from "#gateway/types.ts";

/** An endpoint whose calls use a gateway secret. */
export interface FedEndpoint {
  readonly name: string;
  /** The graver of both: of a FALLBACK calls take notice only when the PRIMARY fails. */
  readonly linkage_type: LinkageType;
  /** Names of the model definitions between them. */
  readonly model_definitions: readonly string[];
  /** What becomes of its calls when the key is turned off. */
  readonly without_it: string;
}

export interface Models {
  readonly modelDefinitions: readonly ModelDefinition[];
  readonly endpoints: readonly Endpoint[];
}

/**
 * The endpoints that use any of these gateway secrets, through the definitions of their models.
 * MLflow draws one PRIMARY by weight for each call, and goes on with the FALLBACKs in their order
 * only where the endpoint has a `fallback_config`; the mapping alone does not enable them.
 */
export function fedEndpoints(
  { modelDefinitions, endpoints }: Models,
  secretIds: ReadonlySet<string>,
): FedEndpoint[] {
  const names = new Map(
    modelDefinitions.map((one) => [one.model_definition_id, one.name] as const),
  );
  const ids = new Set(
    modelDefinitions
      .filter(({ secret_id }) => secret_id !== undefined && secretIds.has(secret_id))
      .map((one) => one.model_definition_id),
  );
  const isFed = ({ model_definition_id }: ModelMapping) => ids.has(model_definition_id);
  const nameOf = ({ model_definition_id }: ModelMapping) =>
    names.get(model_definition_id) ?? model_definition_id;
  return (
    endpoints
      .filter(({ model_mappings }) => model_mappings.some(isFed))
      // The server lists the newest first.
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((endpoint) => {
        const fed = endpoint.model_mappings.filter(isFed);
        const left = endpoint.model_mappings.filter((mapping) => !isFed(mapping));
        return {
          name: endpoint.name,
          linkage_type: fed.some(isPrimary) ? "PRIMARY" : "FALLBACK",
          model_definitions: fed.map(nameOf),
          without_it: withoutIt(endpoint, fed, left, nameOf),
        };
      })
  );
}

function withoutIt(
  { fallback_config }: Endpoint,
  fed: readonly ModelMapping[],
  left: readonly ModelMapping[],
  nameOf: (mapping: ModelMapping) => string,
): string {
  const failing = fed.filter(isPrimary);
  if (failing.length === 0) return "calls go on, and this fallback helps no more";
  const fallbacks = fallback_config ? left.filter((mapping) => !isPrimary(mapping)) : [];
  if (fallbacks.length > 0) {
    const inTurn = [...fallbacks].sort((one, other) => turnOf(one) - turnOf(other)).map(nameOf);
    return `calls go on with the fallback ${inTurn.join(", then ")}`;
  }
  const primaries = left.filter(isPrimary);
  if (primaries.length === 0) return "every call fails";
  return `calls that fall on ${failing.map(nameOf).join(", ")} fail; those on ${primaries.map(nameOf).join(", ")} go on`;
}

function isPrimary({ linkage_type }: ModelMapping): boolean {
  return linkage_type === "PRIMARY";
}

/** Without an order it comes last. */
function turnOf({ fallback_order = Number.POSITIVE_INFINITY }: ModelMapping): number {
  return fallback_order;
}
