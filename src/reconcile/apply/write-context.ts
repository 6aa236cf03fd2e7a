import type { FieldChange } from "#reconcile/change.ts";
import type { ActualOf, ActualResource, Kind, ResourceKey } from "#reconcile/state.ts";
import type { Ledger } from "#runtime/ledger.ts";
import type { GatewayWriter } from "./gateway-writer.ts";
import type { Experiments } from "./write-experiment.ts";
import type { Guardrails } from "./write-guardrails.ts";

/** What all changes of one apply share. */
export interface WriteContext {
  readonly gateway: GatewayWriter;
  readonly ledger: Ledger;
  readonly owner: string;
  /** Ids on the gateway of everything that exists, grown as the apply goes on. */
  readonly ids: ReadonlyMap<ResourceKey, string>;
  /** As they were before the apply. */
  readonly resources: readonly ActualResource[];
  readonly experiments: Experiments;
  readonly guardrails: Guardrails;
}

/** What an update starts from. */
export interface Update<K extends Kind> {
  readonly action: "update" | "adopt";
  readonly actual: ActualOf<K>;
  readonly changed_fields: readonly FieldChange[];
}
