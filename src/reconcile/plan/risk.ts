import { ANYTHING, type AuthConfig } from "#hosts/call.ts";
import { hostsOf, type KeyHost, unknownSettings } from "#hosts/hosts-of.ts";
import { modelHost } from "#hosts/model-host.ts";
import { settingOf } from "#hosts/settings.ts";
import { type FieldChange, type FieldName, fieldOf } from "#reconcile/change.ts";
import { byText } from "#reconcile/kinds.ts";
import type { ActualResource, DesiredResource } from "#reconcile/state.ts";
import { groupBy } from "#runtime/group-by.ts";

const VALUE_FIELDS: readonly FieldName[] = ["value_from", "source_version"];

/** What is about to be written over what. */
interface Write {
  readonly action: "update" | "adopt";
  readonly desired: DesiredResource;
  readonly actual: ActualResource;
  readonly changed_fields: readonly FieldChange[];
}

/** Why a person should look twice, in words; undefined when there is no reason. */
export function highRiskOf(write: Write): string | undefined {
  const risks = [lostValue(write), ...otherPlaces(write), ...keptPlaces(write), calledModel(write)];
  return risks.filter((risk) => risk !== undefined).join("; ") || undefined;
}

/** A key that somebody stored by hand is in use, most likely, and nobody can read it back. */
function lostValue({ action, changed_fields }: Write): string | undefined {
  if (action !== "adopt" || !isPushed(changed_fields)) return undefined;
  return "the key that it holds now, and that was not pushed from here, is replaced; nobody can read it back";
}

/** What is adopted gets the value of its source, be it that nobody looked which one that is. */
function isPushed(changedFields: readonly FieldChange[]): boolean {
  return changedFields.some(
    (change) => VALUE_FIELDS.includes(fieldOf(change)) && change.after !== undefined,
  );
}

/** Some providers send the key to a model whose name is an address. */
function calledModel({ desired, changed_fields }: Write): string | undefined {
  if (desired.kind !== "model_definition") return undefined;
  if (!changed_fields.some(({ path }) => path === "model_name")) return undefined;
  const { model_name } = desired.fields;
  if (modelHost(model_name) === undefined) return undefined;
  return `model_name changes to an address: the provider key may go to ${model_name}`;
}

/**
 * A provider key goes elsewhere than before: whoever can change an address, or a setting that a
 * host is made of, could otherwise read the key there. Settings travel with a fresh value always.
 */
function otherPlaces({ desired, actual }: Write): string[] {
  if (desired.kind !== "secret" || actual.kind !== "secret") return [];
  const { provider, auth_config: before = {} } = actual.fields;
  const { auth_config: after = before } = desired.fields;
  const changed = changedSettings(before, after);
  const unknown = unknownSettings(provider, { ...before, ...after }).filter((name) =>
    changed.includes(name),
  );
  return [
    ...otherHosts(provider, before, after, changed),
    ...unknown.map(
      (name) =>
        `${name} changes, and it is not known what ${provider} does with it: the provider key may go elsewhere`,
    ),
  ];
}

/**
 * A key goes for the first time to where somebody else said that it goes: settings of which the
 * manifest says nothing stay, and are not what a push from here left.
 */
function keptPlaces({ desired, actual, changed_fields }: Write): string[] {
  if (desired.kind !== "secret" || actual.kind !== "secret") return [];
  const { provider, auth_config = {}, value_from: left } = actual.fields;
  const isStated = desired.fields.auth_config !== undefined;
  if (isStated || left !== undefined || !isPushed(changed_fields)) return [];
  const hosts = groupBy(
    hostsOf(provider, auth_config).filter(({ setting }) => setting !== undefined),
    ({ setting }) => setting,
    (host) => shown(host, auth_config),
  );
  return [
    ...[...hosts].map(
      ([setting, places]) =>
        `${setting} stays as it is: the provider key goes to ${places.join(", ")}`,
    ),
    ...unknownSettings(provider, auth_config).map(
      (name) =>
        `${name} stays as it is, and it is not known what ${provider} does with it: the provider key may go elsewhere`,
    ),
  ];
}

function otherHosts(
  provider: string,
  before: AuthConfig,
  after: AuthConfig,
  changed: readonly string[],
): string[] {
  const [was, is] = [before, after].map((config) => [
    ...new Set(hostsOf(provider, config).map((host) => shown(host, config))),
  ]) as [string[], string[]];
  const come = is.filter((host) => !was.includes(host));
  if (come.length === 0) return otherAddresses(before, after, changed);
  const gone = was.filter((host) => !is.includes(host));
  const [deciding = []] = [changed.filter(isPlace), changed].filter(({ length }) => length > 0);
  const instead = gone.length > 0 ? `instead of ${gone.join(", ")}` : "as well";
  const change = deciding.length === 1 ? "changes" : "change";
  return [`${deciding.join(", ")} ${change}: ${GOES} to ${come.join(", ")} ${instead}`];
}

const GOES = "the provider key, which travels along, goes";

/** The same host by another scheme, such as in the clear, or another path, such as a neighbour's. */
function otherAddresses(
  before: AuthConfig,
  after: AuthConfig,
  changed: readonly string[],
): string[] {
  return changed.flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (!is || settingOf(name)?.makes !== "address") return [];
    return [`${name} changes: ${GOES} to ${is}${was ? ` instead of ${was}` : ""}`];
  });
}

function changedSettings(before: AuthConfig, after: AuthConfig): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort(byText);
}

/** Whether a setting is an address, or a part of one. */
function isPlace(name: string): boolean {
  const makes = settingOf(name)?.makes;
  return makes === "address" || makes === "part";
}

/** Host and port of an address; what is none, as it is. */
function shown({ host, setting }: KeyHost, config: AuthConfig): string {
  const makes = setting === undefined ? undefined : settingOf(setting)?.makes;
  const stated = setting === undefined ? "" : (config[setting] ?? "");
  if (makes === "address") return URL.canParse(stated) ? new URL(stated).host || stated : stated;
  if (host !== ANYTHING) return host;
  return makes === "part" ? stated : "a host that is not known";
}
