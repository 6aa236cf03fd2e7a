import type { Endpoint } from "#gateway/types.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import { type Identity, idIn, type KnownState, keyLeft, kindIn } from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { mapLimited } from "#runtime/limit.ts";
import { getResource, identitiesIn, type RawLists, type ResourceReader } from "./resources.ts";

/** A list lacks what is there: an old copy of the server's data answered, or a part of it. */
class DoubtedListError extends GatewayOpsError {
  override readonly name = "DoubtedListError";
  readonly code = "doubted-list";
  readonly disposition = "retry";
}

const ASKED_AT_ONCE = 4;

/**
 * The lists with what they do not show although it is there: an endpoint that lost all its models
 * is in none, and keeps its name. All that earlier runs left and no list shows is asked for by id;
 * where that finds what a list should show, no list is believed: throws {@link DoubtedListError}.
 */
export async function withUnlisted(
  gateway: ResourceReader,
  lists: RawLists,
  { owned }: Pick<KnownState, "owned">,
): Promise<RawLists> {
  const listed = identitiesIn(lists);
  const missing = [...owned].filter(([identity]) => !listed.has(identity));
  const unlisted: Endpoint[] = [];
  let doubt: DoubtedListError | undefined;
  await mapLimited(missing, ASKED_AT_ONCE, async ([identity, name]) => {
    if (doubt) return;
    const kind = kindIn(identity);
    const found = await getResource(gateway, kind, idIn(identity));
    if (!found) return;
    if (isUnlisted(found)) unlisted.push(found);
    else doubt = doubted(identity, name);
  });
  if (doubt) throw doubt;
  return { ...lists, endpoint: [...lists.endpoint, ...unlisted] };
}

function isUnlisted(found: object): found is Endpoint {
  return "model_mappings" in found && (found as Endpoint).model_mappings.length === 0;
}

function doubted(identity: Identity, name: string): DoubtedListError {
  const { nouns } = TRAITS[kindIn(identity)];
  return new DoubtedListError(
    `the gateway's list of ${nouns} lacks ${keyLeft(identity, name)} (${idIn(identity)}), which it has when asked for it by id: no list is believed now, and nothing is planned; try again`,
  );
}
