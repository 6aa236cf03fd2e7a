import { type Credentials, formOf, keysLacking, valueKeysOf } from "#hosts/auth-modes.ts";
import { Redacted } from "#runtime/redacted.ts";
import { requireDocument, requireHeader } from "./characters.ts";
import { containerIn, objectIn, storedText } from "./document.ts";
import { leftOutNote } from "./left-out.ts";
import { SecretMappingError } from "./mapping-error.ts";
import { type Given, requireNeeded } from "./needed-keys.ts";
import { pick, textAt } from "./pick.ts";
import { type SecretReference, sourceId } from "./reference.ts";
import { isServiceAccount, requireGoogle, SERVICE_ACCOUNT } from "./service-account.ts";
import { requireUnwrapped } from "./wrappings.ts";

/** What the value is for. */
export interface ValueUse extends Credentials {
  /** Whether what looks like a wrapping is the key: the manifest disables the rule. */
  readonly as_stored?: boolean | undefined;
}

export interface MappedValue {
  /** By the gateway's keys. */
  readonly value: Readonly<Record<string, Redacted<string>>>;
  /** What is to be told of it, without anything of the value. */
  readonly note?: string | undefined;
}

/** MLflow's name for the key of a provider that needs a single one. */
const SINGLE_KEY = "api_key";
const PEM = /^-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * Makes the gateway's keys of the stored value: the whole of it under one name, those that the
 * manifest picks, those of a JSON object that the provider takes, or a plain text as `api_key`. White
 * space around each is dropped. Throws {@link SecretMappingError} for what cannot work: a value that
 * is empty, lacks what provider and auth_mode need, has characters that no header can carry, or looks
 * like a key in something. A name in the stored object may be a key itself, pasted in the wrong
 * place: none is shown but those that the manifest or the provider knows, and such as look like names.
 */
export function mapSecretValue(
  stored: Redacted<string>,
  reference: SecretReference,
  use: ValueUse,
): MappedValue {
  const source = sourceId(reference);
  const taken = take(source, storedText(source, stored.reveal()), reference, use);
  const keys = Object.keys(taken.texts);
  requireNeeded(source, use, { keys, of: taken.of });
  if (keys.length === 0) throw nothingTaken(source, use.provider);
  for (const [key, text] of Object.entries(taken.texts)) requireUsable(source, key, text, use);
  const value = Object.entries(taken.texts).map(([key, text]) => [key, new Redacted(text)]);
  return { value: Object.fromEntries(value), note: taken.note };
}

interface Taken extends Pick<Given, "of"> {
  readonly texts: Readonly<Record<string, string>>;
  readonly note?: string;
}

function take(
  source: string,
  text: string,
  { whole_as, keys }: SecretReference,
  use: ValueUse,
): Taken {
  if (whole_as !== undefined) return { texts: { [whole_as]: text }, of: "text" };
  if (keys) {
    const document = containerIn(source, text);
    const texts = Object.entries(keys).map(([gatewayKey, storedKey]) => [
      gatewayKey,
      pick(source, document, gatewayKey, storedKey),
    ]);
    return { texts: Object.fromEntries(texts), of: "picked keys" };
  }
  const object = objectIn(source, text);
  return object ? takeObject(source, object, use.provider) : takeText(source, text, use);
}

/** Each by its own name. What is not known to be a secret that the provider takes is not sent. */
function takeObject(
  source: string,
  object: Readonly<Record<string, unknown>>,
  provider: string,
): Taken {
  const known = valueKeysOf(provider);
  const names = Object.keys(object);
  if (names.length === 0) throw new SecretMappingError(`${source} is an empty JSON object`);
  const own = names.filter((name) => known.includes(name));
  const foreign = names.filter((name) => !known.includes(name));
  if (own.length === 0 && isServiceAccount(object)) throw wholeDocument(source, provider);
  const texts = own.map((name) => [name, textAt(source, object[name], name)]);
  const note = foreign.length > 0 ? { note: leftOutNote(source, provider, object, foreign) } : {};
  return { texts: Object.fromEntries(texts), of: object, ...note };
}

function takeText(source: string, text: string, use: ValueUse): Taken {
  const known = valueKeysOf(use.provider);
  if (known.includes("oci_key") && PEM.test(text)) {
    throw new SecretMappingError(
      `${source} is a private key itself: say whole_as: oci_key in value_from`,
    );
  }
  if (known.includes(SINGLE_KEY)) return { texts: { [SINGLE_KEY]: text }, of: "text" };
  const [key, ...others] = keysLacking(use, []);
  const whole = key && others.length === 0 ? `, or say whole_as: ${key} in value_from` : "";
  throw new SecretMappingError(
    `${source} is a plain text, which would become ${SINGLE_KEY}: ${use.provider} takes ${known.join(", ")}, so store a JSON object${whole}`,
  );
}

function nothingTaken(source: string, provider: string): SecretMappingError {
  const known = valueKeysOf(provider).join(", ");
  return new SecretMappingError(
    `${source} holds nothing that ${provider} takes: it takes ${known}`,
  );
}

function wholeDocument(source: string, provider: string): SecretMappingError {
  const what = `${source} is the JSON of a Google service account itself`;
  return new SecretMappingError(
    valueKeysOf(provider).includes(SERVICE_ACCOUNT)
      ? `${what}: say whole_as: ${SERVICE_ACCOUNT} in value_from`
      : `${what}, which ${provider} does not take: it takes ${valueKeysOf(provider).join(", ")}`,
  );
}

/** A document is read by a program, and everything else goes into a header. */
function requireUsable(source: string, key: string, text: string, { as_stored }: ValueUse): void {
  const form = formOf(key);
  if (key === SERVICE_ACCOUNT) requireGoogle(source, text);
  if (form === "document" && (key === SERVICE_ACCOUNT || PEM.test(text))) {
    requireDocument(source, key, text);
    return;
  }
  if (form !== "json" && !as_stored) requireUnwrapped(source, key, text);
  requireHeader(source, key, text);
}
