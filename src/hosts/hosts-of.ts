import { addressOf } from "./address.ts";
import { ANYTHING, type AuthConfig, type Call } from "./call.ts";
import { providerOf } from "./providers.ts";
import { type SettingName, settingOf } from "./settings.ts";

/** A host that a key is sent to. */
export interface KeyHost {
  /**
   * In lower case, without port; within it or in place of it `*` stands for what nobody here can
   * know. A pattern of a policy covers such a host as any other: only its own `*` covers a `*`.
   */
  readonly host: string;
  /** The setting that says so; undefined when it is where the provider is called by itself. */
  readonly setting: string | undefined;
}

const ALWAYS_KNOWN: readonly string[] = ["auth_mode", "api_base"];

/**
 * All hosts to which a key of the provider would be sent, or calls made with it: those of the
 * provider itself, and every address that is stated, whether or not this version of MLflow reads
 * it. A setting that breaks its grammar leads anywhere, as does a provider that is not known.
 */
export function hostsOf(provider: string, config: AuthConfig = {}): readonly KeyHost[] {
  const stated = Object.entries(config).filter(([, value]) => value !== "");
  const wrong = stated.filter(([name, value]) => !isWellFormed(name, value));
  const sound = Object.fromEntries(stated.filter((entry) => !wrong.includes(entry)));
  const calls = providerOf(provider)?.calls ?? [{ hosts: () => [ANYTHING], movedBy: [] }];
  return [
    ...wrong.map(([setting]) => ({ setting, host: ANYTHING })),
    ...Object.entries(sound).flatMap(([setting, value]) => addressHost(setting, value)),
    ...calls.flatMap((call) => callHosts(call, sound)),
  ];
}

/** Settings that nobody here knows to be honest: what they do with the key cannot be said. */
export function unknownSettings(provider: string, config: AuthConfig = {}): readonly string[] {
  const known: readonly string[] = providerOf(provider)?.settings ?? [];
  return Object.keys(config).filter(
    (name) => !ALWAYS_KNOWN.includes(name) && !known.includes(name),
  );
}

/** What a provider's `auth_config` may say. */
export function knownSettings(provider: string): readonly string[] {
  return [...ALWAYS_KNOWN, ...(providerOf(provider)?.settings ?? [])];
}

/** Whether a value is written by the grammar of its setting; what has none takes any. */
export function isWellFormed(name: string, value: string): boolean {
  const setting = settingOf(name);
  if (setting?.makes === "address") return addressOf(value) !== undefined;
  return setting?.makes !== "part" || setting.grammar.test(value);
}

function addressHost(setting: string, value: string): KeyHost[] {
  const address = settingOf(setting)?.makes === "address" ? addressOf(value) : undefined;
  return address ? [{ setting, host: address.host }] : [];
}

function callHosts({ hosts, madeOf, movedBy }: Call, config: AuthConfig): KeyHost[] {
  const has = (name: SettingName) => config[name] !== undefined;
  if (movedBy.some(has)) return [];
  const setting = madeOf && has(madeOf) ? madeOf : undefined;
  return hosts(config).map((host) => ({ host, setting }));
}
