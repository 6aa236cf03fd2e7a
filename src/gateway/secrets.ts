import type { Redacted } from "#runtime/redacted.ts";
import type { Caller } from "./caller.ts";
import { checkRequest, entriesOf } from "./checks.ts";
import { unstoredField } from "./echo.ts";
import { GatewayNotFoundError, GatewayRequestError } from "./errors.ts";
import { isObject, type JsonObject, rawList } from "./read.ts";
import { checkOperation, type LostField, Resource } from "./resource.ts";
import { SECRET_REFERENCE } from "./secret-checks.ts";
import * as read from "./shape.ts";
import type { CreateSecret, Secret, UpdateSecret } from "./types.ts";

/** How a secret is looked up. */
export type SecretReference = { readonly secret_id: string } | { readonly secret_name: string };

/** Provider keys. The server stores them encrypted and never gives a value back. */
export class SecretOperations {
  readonly #caller: Caller;
  readonly #secrets: Resource<Secret>;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#secrets = new Resource(caller, { one: "secret", many: "secrets", read: readSecret });
  }

  /**
   * Stores a new secret. Its name is unique per workspace (`gateway-already-exists`) and, like the
   * provider, final.
   */
  async create(request: CreateSecret): Promise<Secret> {
    checkOperation("createSecret", request);
    const { sent, secretValues } = opened(request);
    return await this.#secrets.create("createSecret", request, {
      fields: sent,
      lostField: lostIn(sent),
      secretValues,
      isUnique: true,
      find: async (options) => {
        const all = await this.#caller.call("listSecrets", {}, options);
        return rawList(all, "secrets").filter((row) => row.secret_name === request.secret_name);
      },
    });
  }

  /**
   * Never the value, which the server keeps to itself. By name it is looked for in the list of all
   * secrets, as the server does not offer it. Throws with `gateway-not-found` when there is none.
   */
  async get(reference: SecretReference): Promise<Secret> {
    checkRequest("getSecret", reference, SECRET_REFERENCE);
    if ("secret_id" in reference) {
      return await this.#secrets.get("getSecret", reference);
    }
    const { secret_name: name } = reference;
    const secret = (await this.list()).find(({ secret_name }) => secret_name === name);
    if (secret) return secret;
    throw new GatewayNotFoundError("getSecret", `found no secret named ${JSON.stringify(name)}`);
  }

  /**
   * Replaces the whole value, the whole `auth_config`, or both; what is absent stays, but
   * `last_updated_by` is erased without `updated_by`. Live traffic follows when the server's
   * cache lapses: after 60 s by default, at most 300 s.
   */
  async update(request: UpdateSecret): Promise<Secret> {
    checkOperation("updateSecret", request);
    const { sent, secretValues } = opened(request);
    const isCleared = isObject(sent.auth_config) && Object.keys(sent.auth_config).length === 0;
    const fields = isCleared ? { ...sent, auth_config: CLEARED_AUTH_CONFIG } : sent;
    const lostField = lostIn(sent);
    return await this.#secrets.update("updateSecret", request, { fields, lostField, secretValues });
  }

  /**
   * Throws `GatewayRequestError`, naming them, when model definitions use the secret: the server
   * would delete it all the same and leave them, and the endpoints above them, without a key.
   * `force` skips that question. To change a value use {@link update}, never delete and create.
   */
  async delete({
    force = false,
    ...request
  }: {
    readonly secret_id: string;
    readonly force?: boolean;
  }): Promise<void> {
    checkOperation("deleteSecret", request);
    if (!force) await this.#refuseInUse(request.secret_id);
    await this.#caller.call("deleteSecret", request);
  }

  /** All secrets that the user may see; MLflow leaves out others silently. */
  async list(filter: { readonly provider?: string } = {}): Promise<Secret[]> {
    return await this.#secrets.list("listSecrets", filter);
  }

  async #refuseInUse(secret_id: string): Promise<void> {
    const answer = await this.#caller.call("listModelDefinitions", { secret_id });
    const names = rawList(answer, "model_definitions").map(({ name }) => String(name));
    if (names.length === 0) return;
    const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
    const more =
      names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : "";
    throw new GatewayRequestError(
      `deleteSecret: ${secret_id} is in use by the model definitions ${shown}${more}, which would be left without a key (force deletes it all the same)`,
    );
  }
}

const NAMES_SHOWN_MAX = 5;

const readSecret = read.shape({
  secret_id: read.text,
  secret_name: read.text,
  masked_values: read.map,
  auth_config: (source, name) => filled(read.map(source, name)),
  provider: read.textIfAny,
  ...read.STAMPS,
});

function lostIn(sent: JsonObject): LostField {
  return (stored) => {
    const config = stored.auth_config;
    return unstoredField(sent, { ...stored, auth_config: isObject(config) ? filled(config) : {} });
  };
}

/** Older servers keep the empty value by which a map is cleared. */
function filled<T>(map: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== ""));
}

/** The request as it goes out: maps are objects, and values are bare. */
function opened<R extends CreateSecret | UpdateSecret>(request: R) {
  const { secret_value, auth_config, ...rest } = request;
  const value = plainMap(secret_value);
  const sent = { ...rest, secret_value: value, auth_config: plainMap(auth_config) };
  return { sent, secretValues: Object.values(value ?? {}) };
}

function plainMap(given: unknown): Record<string, string> | undefined {
  const entries = given === undefined ? undefined : entriesOf(given);
  return entries && Object.fromEntries(entries.map(([key, value]) => [key, plain(value)]));
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : (value as Redacted<string>).reveal();
}

/** The server takes an empty map for an absent one, but an empty `api_base` for what it is. */
const CLEARED_AUTH_CONFIG = { api_base: "" };
