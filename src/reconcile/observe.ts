import { BUDGET_SETTINGS, type BudgetSettings } from "#budgets/settings.ts";
import type {
  BudgetPolicy,
  CurrentUser,
  Endpoint,
  ModelDefinition,
  Secret,
} from "#gateway/types.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import type { Ledger } from "#runtime/ledger.ts";
import { mapLimited } from "#runtime/limit.ts";
import { isUntouched, MANAGED_SECRETS, type PushedVersion } from "#secrets/managed-secret.ts";
import { budgetNameOf, endpointOwner, ownerOf } from "./owner.ts";
import type { ActualResource, ActualState, BudgetFields, DesiredState } from "./state.ts";

/** The part of the gateway client that observing needs. */
export interface GatewayReader {
  readonly secrets: { list(): Promise<readonly Secret[]> };
  readonly modelDefinitions: { list(): Promise<readonly ModelDefinition[]> };
  readonly endpoints: {
    list(): Promise<readonly Endpoint[]>;
    /** An endpoint that lost all its models is found by name only. */
    find(endpoint: { readonly name: string }): Promise<Endpoint | undefined>;
  };
  readonly budgets: { list(): Promise<readonly BudgetPolicy[]> };
  readonly server: { currentUser(): Promise<CurrentUser | undefined> };
}

/** The login may read the gateway but not write all of it, or not see all of it. */
class NotAdminError extends GatewayOpsError {
  override readonly name = "NotAdminError";
  readonly code = "gateway-login-not-admin";
  readonly disposition = "retry";
}

const FIND_CONCURRENCY = 4;

/**
 * Reads the whole actual state. Asks first who is logged in: to a user who is not an admin MLflow
 * shows a filtered gateway with status 200, and everything would seem to be missing.
 */
export async function observe(
  gateway: GatewayReader,
  ledger: Ledger,
  desired: DesiredState,
): Promise<ActualState> {
  const user = await gateway.server.currentUser();
  if (user && !user.is_admin) {
    throw new NotAdminError(
      `the gateway login "${user.username}" is not an admin: MLflow hides from it what it may not see, so nothing is planned`,
    );
  }
  const [secrets, modelDefinitions, endpoints, budgets, managed, settings] = await Promise.all([
    gateway.secrets.list(),
    gateway.modelDefinitions.list(),
    gateway.endpoints.list(),
    gateway.budgets.list(),
    ledger.list(MANAGED_SECRETS),
    ledger.list(BUDGET_SETTINGS),
  ]);
  const hidden = await findHidden(gateway, endpoints, desired);
  const pushed = new Map(managed.map(({ id, value }) => [id, value.pushed]));
  const settingsById = new Map(settings.map(({ id, value }) => [id, value]));
  const endpointNames = new Map(
    [...endpoints, ...hidden].map(({ endpoint_id, name }) => [endpoint_id, name]),
  );
  return {
    resources: [
      ...secrets.map((secret) => fromSecret(secret, pushed.get(secret.secret_name))),
      ...modelDefinitions.map(fromModelDefinition),
      ...[...endpoints, ...hidden].map(fromEndpoint),
      ...budgets.flatMap((policy) =>
        fromBudget(policy, settingsById.get(policy.budget_policy_id), endpointNames),
      ),
    ],
  };
}

async function findHidden(
  gateway: GatewayReader,
  listed: readonly Endpoint[],
  desired: DesiredState,
): Promise<Endpoint[]> {
  const names = new Set(listed.map(({ name }) => name));
  const missing = desired.resources.filter(
    ({ kind, name }) => kind === "endpoint" && !names.has(name),
  );
  const found = await mapLimited(missing, FIND_CONCURRENCY, ({ name }) =>
    gateway.endpoints.find({ name }),
  );
  return found.filter((endpoint) => endpoint !== undefined);
}

function fromSecret(secret: Secret, pushed: PushedVersion | undefined): ActualResource {
  // Nobody can read the value back; what is known is what was pushed, if it was left alone.
  const known = pushed && isUntouched(pushed, secret) ? pushed : undefined;
  return {
    kind: "secret",
    id: secret.secret_id,
    name: secret.secret_name,
    ...ownerOf(secret),
    fields: {
      provider: secret.provider ?? "",
      auth_config: secret.auth_config,
      value_from: known?.value_from,
      source_version: known?.version_id,
    },
  };
}

function fromModelDefinition(definition: ModelDefinition): ActualResource {
  const { model_definition_id, name, secret_name, provider, model_name } = definition;
  return {
    kind: "model_definition",
    id: model_definition_id,
    name,
    ...ownerOf(definition),
    fields: { secret: secret_name, provider, model_name },
  };
}

function fromEndpoint(endpoint: Endpoint): ActualResource {
  return {
    kind: "endpoint",
    id: endpoint.endpoint_id,
    name: endpoint.name,
    ...endpointOwner(endpoint),
    fields: {
      models: endpoint.model_mappings.map((mapping) => ({
        model_definition: mapping.model_definition?.name ?? mapping.model_definition_id,
        linkage_type: mapping.linkage_type,
        weight: mapping.weight,
        fallback_order: mapping.fallback_order,
      })),
      routing_strategy: endpoint.routing_strategy,
      fallback_config: endpoint.fallback_config,
      usage_tracking: endpoint.usage_tracking,
      tags: Object.fromEntries(endpoint.tags.map(({ key, value }) => [key, value])),
    },
  };
}

/** Budgets have no name of their own: one that does not carry our mark is nobody's. */
function fromBudget(
  policy: BudgetPolicy,
  settings: BudgetSettings | undefined,
  endpointNames: ReadonlyMap<string, string>,
): ActualResource[] {
  const identity = budgetNameOf(policy);
  if (!identity) return [];
  const target = policy.target_value;
  const fields: BudgetFields = {
    budget_unit: policy.budget_unit,
    budget_amount: policy.budget_amount,
    duration: policy.duration,
    target_scope: policy.target_scope,
    target_value:
      policy.target_scope === "ENDPOINT" && target ? (endpointNames.get(target) ?? target) : target,
    budget_action: policy.budget_action,
    thresholds: settings?.thresholds,
    labels: settings?.labels,
  };
  return [{ kind: "budget", id: policy.budget_policy_id, ...identity, fields }];
}
