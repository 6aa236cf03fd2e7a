import fc from "fast-check";
import type { GatewayClient } from "#gateway/client.ts";
import { OWNER_TAG_KEY } from "#runtime/marks.ts";

const EDITS = ["rename", "recreate", "unmark", "delete", "attach"] as const;
const KINDS = ["endpoint", "model_definition", "budget"] as const;

/** What somebody does by hand to one resource; which one is drawn as a number of any size. */
export interface HandEdit {
  readonly edit: (typeof EDITS)[number];
  readonly kind: (typeof KINDS)[number];
  readonly pick: number;
}

export const handEdits: fc.Arbitrary<HandEdit[]> = fc.array(
  fc.record({ edit: fc.constantFrom(...EDITS), kind: fc.constantFrom(...KINDS), pick: fc.nat() }),
  { maxLength: 3 },
);

const SOMEBODY = "alice";

/**
 * Makes an edit, where the gateway has something to make it to and takes it. An endpoint is made
 * anew only if it is declared afterwards too, and then keeps its name: what nobody declares stays
 * somebody's, and keeps what it uses. Returns it in words, or nothing.
 */
export async function editByHand(
  gateway: GatewayClient,
  { edit, kind, pick }: HandEdit,
  declared: ReadonlySet<string>,
): Promise<string | undefined> {
  const choose = <T>(items: readonly T[]): T | undefined => items[pick % items.length];
  if (kind === "budget") {
    const budget = choose(await gateway.budgets.list());
    if (!budget || edit !== "delete") return undefined;
    await gateway.budgets.delete({ budget_policy_id: budget.budget_policy_id });
    return `delete budget ${budget.created_by}`;
  }
  if (kind === "model_definition") {
    const definition = choose(await gateway.modelDefinitions.list());
    if (!definition || edit !== "rename") return undefined;
    const { model_definition_id, name } = definition;
    await gateway.modelDefinitions.update({ model_definition_id, name: `${name}-by-hand` });
    return `rename model_definition/${name}`;
  }
  const endpoint = choose(await gateway.endpoints.list());
  if (!endpoint) return undefined;
  if (wouldStay(edit, endpoint, declared)) return undefined;
  await editEndpoint(gateway, endpoint, edit);
  return `${edit} endpoint/${endpoint.name}`;
}

type Endpoint = Awaited<ReturnType<GatewayClient["endpoints"]["list"]>>[number];

/** Whether something would come of it that is somebody's, and that no manifest declares. */
function wouldStay(
  edit: HandEdit["edit"],
  { name, created_by, tags }: Endpoint,
  declared: ReadonlySet<string>,
): boolean {
  if (edit === "recreate") return !declared.has(name);
  if (edit !== "rename" || created_by !== SOMEBODY) return false;
  return !tags.some(({ key }) => key === OWNER_TAG_KEY);
}

async function editEndpoint(
  gateway: GatewayClient,
  { endpoint_id, name, model_mappings }: Endpoint,
  edit: HandEdit["edit"],
): Promise<void> {
  switch (edit) {
    case "rename":
      await gateway.endpoints.update({ endpoint_id, name: `${name}-by-hand` });
      return;
    case "unmark":
      await gateway.endpoints.deleteTag({ endpoint_id, key: OWNER_TAG_KEY });
      return;
    case "delete":
      await gateway.endpoints.delete({ endpoint_id });
      return;
    case "attach":
      await gateway.endpoints.setTag({ endpoint_id, key: "by-hand", value: "yes" });
      await gateway.bindings.create({
        ...{ endpoint_id, resource_type: "scorer", resource_id: `by-hand-${endpoint_id}` },
        created_by: "gwops:nobody",
      });
      return;
    case "recreate": {
      await gateway.endpoints.delete({ endpoint_id });
      const [first] = model_mappings;
      if (!first) return;
      const { model_definition_id } = first;
      await gateway.endpoints.create({
        ...{ name, usage_tracking: false, created_by: SOMEBODY },
        model_configs: [{ model_definition_id, linkage_type: "PRIMARY", weight: 1 }],
      });
    }
  }
}
