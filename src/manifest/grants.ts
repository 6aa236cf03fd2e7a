import type { TargetScope } from "#gateway/types.ts";
import { addressOf } from "#hosts/address.ts";
import { valueKeysOf } from "#hosts/auth-modes.ts";
import { ANYTHING } from "#hosts/call.ts";
import { hostsOf, knownSettings, unknownSettings } from "#hosts/hosts-of.ts";
import { modelHost } from "#hosts/model-host.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type BudgetFields,
  type DesiredResource,
  type EndpointFields,
  type FieldsOf,
  type Kind,
  type SecretFields,
  WORKSPACE_DEFAULT,
} from "#reconcile/state.ts";
import { namedKeys } from "#secrets/value/reference.ts";
import { isPrivateApiBase } from "./api-base.ts";
import { SECTIONS } from "./entries/all.ts";
import { type Patterns, patternsOf } from "./patterns.ts";
import type { OwnerGrants } from "./policy-schema.ts";

/** What an owner was granted, ready to be asked: all that is not in it is denied. */
export interface Grants {
  readonly kinds: readonly Kind[];
  readonly names: Patterns;
  readonly secrets: Patterns;
  readonly hosts: Patterns;
  readonly workspaces: Patterns;
  readonly experiments: Patterns;
  readonly externals: Patterns;
  readonly budgets: {
    readonly scopes: readonly TargetScope[];
    readonly amountMax: number | undefined;
    readonly users: Patterns;
    readonly endpoints: Patterns;
  };
}

/** Something that was not granted, at its place below the resource. */
export interface Denial {
  readonly path: readonly (string | number)[];
  /** Such as `"talk"`. */
  readonly value: string;
  /** What is allowed in its place. */
  readonly granted: string;
}

type Budget = Pick<BudgetFields, "target_scope" | "target_value" | "budget_amount">;
type AuthConfig = SecretFields["auth_config"];

const SHOWN_MAX = 10;

export function grantsOf(given: OwnerGrants): Grants {
  const { budgets = {} } = given;
  return {
    kinds: given.kinds ?? [],
    names: patternsOf(given.names),
    secrets: patternsOf(given.secrets),
    // Hosts are in lower case, whatever a person wrote.
    hosts: patternsOf(given.hosts?.map((host) => host.toLowerCase())),
    workspaces: patternsOf(given.workspaces ?? [WORKSPACE_DEFAULT]),
    experiments: patternsOf(given.experiments),
    externals: patternsOf(given.externals),
    budgets: {
      scopes: budgets.scopes ?? [],
      amountMax: budgets.amount_max,
      users: patternsOf(budgets.users),
      endpoints: patternsOf(budgets.endpoints),
    },
  };
}

/** Of what is declared: `is not granted to this owner; granted is search-*, got "talk"`. */
export function describeDenial({ value, granted }: Denial): string {
  return `is not granted to this owner; granted is ${granted}, got ${value}`;
}

/** Of what is there: what is on the gateway is not granted, whatever it is to become. */
export function describeExisting({ value, granted }: Denial): string {
  return `is ${value} on the gateway, which is not granted to this owner; granted is ${granted}`;
}

export function kindDenial({ kinds }: Grants, kind: Kind): Denial[] {
  if (kinds.includes(kind)) return [];
  return [{ path: [], value: SECTIONS[kind], granted: listed(kinds.map((one) => SECTIONS[one])) }];
}

export function nameDenial({ names }: Grants, field: string, name: string): Denial[] {
  return denied(names, [field], name);
}

export function workspaceDenial({ workspaces }: Grants, workspace: string): Denial[] {
  return denied(workspaces, ["workspace"], workspace);
}

/** Somebody else's, or nobody's: what nobody has marked belongs to the platform. */
export function externalDenial({ externals }: Grants, name: string): Denial[] {
  return denied(externals, ["name"], name);
}

export function sourceDenial(
  { secrets }: Grants,
  { value_from }: Pick<SecretFields, "value_from">,
) {
  const field = "secrets_manager";
  if (!value_from || !(field in value_from)) return [];
  return denied(secrets, ["value_from", field], value_from[field]);
}

/** Where its key would go: to hosts that settings name, and to those of the provider itself. */
export function authDenials(grants: Grants, provider: string, authConfig: AuthConfig): Denial[] {
  return [...hostDenials(grants, provider, authConfig), ...settingDenials(provider, authConfig)];
}

function hostDenials({ hosts }: Grants, provider: string, authConfig: AuthConfig): Denial[] {
  return hostsOf(provider, authConfig)
    .filter(({ host }) => !hosts.allow(host))
    .map(({ host, setting }) => ({
      path: setting === undefined ? ["provider"] : ["auth_config", setting],
      value:
        setting === undefined ? `"${provider}", which is called at ${named(host)}` : named(host),
      granted: listed(hosts.list),
    }));
}

function named(host: string): string {
  return host === ANYTHING ? "a host that cannot be told" : `"${host}"`;
}

/** Nobody can grant what nobody knows: litellm is handed all settings, and some lead elsewhere. */
function settingDenials(provider: string, authConfig: AuthConfig): Denial[] {
  return unknownSettings(provider, authConfig).map((setting) => ({
    path: ["auth_config", setting],
    value: `"${setting}", of which it is not known what ${provider} does with it`,
    granted: knownSettings(provider).join(", "),
  }));
}

/** The same of what is handed over as a part of the value, where settings would be overruled by it. */
export function valueDenials({
  provider,
  value_from,
}: Pick<SecretFields, "provider" | "value_from">) {
  const known = valueKeysOf(provider);
  return namedKeys(value_from)
    .filter(({ key }) => !known.includes(key))
    .map(({ key, path }) => ({
      path: ["value_from", ...path],
      value: `"${key}", of which it is not known what ${provider} does with it`,
      granted: known.join(", "),
    }));
}

/** Some providers call a model whose name is an address, whatever secret its key is from. */
export function modelDenials({ hosts }: Grants, modelName: string): Denial[] {
  const host = modelHost(modelName);
  return host === undefined ? [] : denied(hosts, ["model_name"], host);
}

/** Addresses that lead to the server itself or into a private network, granted or not. */
export function privateHosts(authConfig: AuthConfig = {}): { path: string[]; message: string }[] {
  return Object.entries(authConfig).flatMap(([key, value]) =>
    privateAddress(value).map((message) => ({ path: ["auth_config", key], message })),
  );
}

/** Why an address may not be called; none for another text. */
export function privateAddress(text: string): string[] {
  const { host } = addressOf(text) ?? {};
  if (host === undefined || !isPrivateApiBase(text)) return [];
  return [
    `must not lead to the server itself or into a private network, got the host "${host}"; a setting of the stack allows it`,
  ];
}

/** Where its traces go, and whose judges look at its calls; what it names by id is not known here. */
export function experimentDenials(
  { experiments }: Grants,
  { experiment, guardrails = [] }: Pick<EndpointFields, "experiment" | "guardrails">,
): Denial[] {
  return [
    ...(experiment === undefined ? [] : denied(experiments, ["experiment"], experiment)),
    ...guardrails.flatMap(({ scorer }, index) =>
      scorer
        ? denied(experiments, ["guardrails", index, "scorer", "experiment"], scorer.experiment)
        : [],
    ),
  ];
}

export function budgetDenials(grants: Grants, budget: Budget): Denial[] {
  const { scopes, amountMax } = grants.budgets;
  const { target_scope, budget_amount } = budget;
  return [
    ...(scopes.includes(target_scope)
      ? targetDenial(grants, budget)
      : [{ path: ["target_scope"], value: `"${target_scope}"`, granted: listed(scopes) }]),
    ...(amountMax !== undefined && budget_amount <= amountMax
      ? []
      : [
          {
            path: ["budget_amount"],
            value: String(budget_amount),
            granted: amountMax === undefined ? "nothing" : `at most ${amountMax}`,
          },
        ]),
  ];
}

/** A budget can stop all calls of its target: the owner's own, or one that was granted. */
function targetDenial(
  { names, budgets }: Grants,
  { target_scope, target_value }: Budget,
): Denial[] {
  const path = ["target_value"];
  if (target_value === undefined) return [];
  if (target_scope === "USER") return denied(budgets.users, path, target_value);
  if (target_scope !== "ENDPOINT" || names.allow(target_value)) return [];
  return denied(budgets.endpoints, path, target_value);
}

/**
 * Grants hold for what is there as for what is declared: nobody takes over, changes or deletes what
 * they could not have declared. Of a secret whose `auth_config` stays as it is, its hosts count.
 */
export function existingDenials(
  grants: Grants,
  actual: ActualResource,
  desired?: DesiredResource,
): Denial[] {
  const field = desired?.previous_name === actual.name ? "previous_name" : "name";
  // An unmarked budget is named by its id: it has no name that could be granted.
  const isNameless = !TRAITS[actual.kind].isNamed && actual.name === actual.id;
  const { kind, fields } = actual;
  return [
    ...kindDenial(grants, kind),
    ...(isNameless ? [] : nameDenial(grants, field, actual.name)),
    ...fieldDenials(grants, kind, fields, desired),
  ];
}

/** What of the fields that are there must be granted, beside kind and name. */
const FIELD_DENIALS: {
  readonly [K in Kind]: (
    grants: Grants,
    fields: FieldsOf[K],
    desired: DesiredResource | undefined,
  ) => Denial[];
} = {
  secret: (grants, { provider, auth_config }, desired) =>
    desired?.kind === "secret" && desired.fields.auth_config === undefined
      ? authDenials(grants, provider, auth_config)
      : [],
  model_definition: () => [],
  endpoint: () => [],
  budget: (grants, fields) => budgetDenials(grants, fields),
};

function fieldDenials<K extends Kind>(
  grants: Grants,
  kind: K,
  fields: FieldsOf[K],
  desired: DesiredResource | undefined,
): Denial[] {
  return FIELD_DENIALS[kind](grants, fields, desired);
}

/** An experiment that a manifest names by its id, or by the name of a guardrail that exists. */
export function experimentDenial({ experiments }: Grants, name: string): Denial[] {
  return denied(experiments, [], name);
}

/** An external resource that is the owner's own, or free to be, needs no more than its name does. */
export function isNamed({ kinds, names }: Grants, kind: Kind, name: string): boolean {
  return kinds.includes(kind) && names.allow(name);
}

function denied(patterns: Patterns, path: Denial["path"], value: string): Denial[] {
  if (patterns.allow(value)) return [];
  return [{ path, value: `"${value}"`, granted: listed(patterns.list) }];
}

function listed(granted: readonly string[]): string {
  if (granted.length === 0) return "nothing";
  const more = granted.length - SHOWN_MAX;
  const shown = granted.slice(0, SHOWN_MAX).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
