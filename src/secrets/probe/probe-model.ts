import { GatewayOpsError } from "#runtime/errors.ts";
import type { CatalogModel, ProbeGateway } from "./probe-gateway.ts";

/** What a secret is tried with. */
export interface ProbeModel {
  readonly provider: string;
  readonly model_name: string;
}

/** Ways to call a model. */
export type ProbeKind = "chat" | "embeddings";

export interface Callable {
  readonly model: ProbeModel;
  /** Several where nobody knows: they are tried in this order. */
  readonly kinds: readonly ProbeKind[];
}

/** MLflow's `mode` of a model; what has another one answers neither to a chat nor with embeddings. */
const KIND_OF_MODE: ReadonlyMap<string | undefined, ProbeKind> = new Map([
  ["chat", "chat"],
  ["embedding", "embeddings"],
]);

/**
 * The model to call: one that is known to answer to a chat, else one for embeddings, else one of
 * which nobody knows. The modes are those of the server's catalogue, which is asked once for each
 * provider; a server that does not answer makes all unknown. Undefined when no model can be called.
 */
export async function modelToTry(
  { discovery }: Pick<ProbeGateway, "discovery">,
  models: readonly ProbeModel[],
): Promise<Callable | undefined> {
  const catalogs = new Map<string, readonly CatalogModel[]>();
  for (const provider of new Set(models.map((model) => model.provider))) {
    catalogs.set(provider, await discovery.models({ provider }).catch(whenUnknown));
  }
  const callable = models
    .map((model) => ({ model, kinds: kindsOf(model, catalogs.get(model.provider)) }))
    .filter(({ kinds }) => kinds.length > 0);
  return callable.sort((one, other) => rankOf(one) - rankOf(other))[0];
}

function kindsOf(
  { model_name }: ProbeModel,
  catalog: readonly CatalogModel[] = [],
): readonly ProbeKind[] {
  const known = catalog.find(({ model }) => model === model_name);
  if (known?.mode === undefined) {
    return /embed/i.test(model_name) ? ["embeddings", "chat"] : ["chat", "embeddings"];
  }
  const kind = KIND_OF_MODE.get(known.mode);
  return kind ? [kind] : [];
}

function rankOf({ kinds }: Callable): number {
  if (kinds.length > 1) return 2;
  return kinds[0] === "chat" ? 0 : 1;
}

function whenUnknown(error: unknown): readonly CatalogModel[] {
  if (error instanceof GatewayOpsError) return [];
  throw error;
}
