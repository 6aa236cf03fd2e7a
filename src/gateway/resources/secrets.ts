import { checkRequest, PROVIDER_FILTER } from "#gateway/call/checks.ts";
import { create } from "#gateway/call/creation.ts";
import { written } from "#gateway/call/echo.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import * as read from "#gateway/call/read.ts";
import { GatewayNotFoundError, GatewayRequestError } from "#gateway/errors.ts";
import type { CreateSecret, UpdateSecret } from "#gateway/requests.ts";
import type { Secret } from "#gateway/types.ts";
import { plain } from "#runtime/redacted.ts";
import { MODEL_DEFINITION } from "./model-definitions.ts";
import {
  CREATE_SECRET,
  DELETE_SECRET,
  entriesOf,
  SECRET_REFERENCE,
  UPDATE_SECRET,
} from "./secret-checks.ts";

/** How a secret is looked up. */
export type SecretReference = { readonly secret_id: string } | { readonly secret_name: string };

/** Provider keys. The server stores them encrypted and never gives a value back. */
export class SecretOperations extends OperationGroup {
  /**
   * Stores a new secret. Its name is unique per workspace (`gateway-already-exists`) and, like the
   * provider, final.
   */
  async create(request: CreateSecret): Promise<Secret> {
    checkRequest("createSecret", request, CREATE_SECRET);
    return await create(this.caller, {
      operation: "createSecret",
      kind: SECRET,
      fields: opened(request),
      isSecret: true,
      find: (options) => this.rows("listSecrets", {}, SECRET, options),
      identity: ["secret_name"],
    });
  }

  /**
   * Never the value, which the server keeps to itself. By name it is looked for in the list of all
   * secrets, as the server does not offer it. Throws with `gateway-not-found` when there is none.
   */
  async get(reference: SecretReference): Promise<Secret> {
    checkRequest("getSecret", reference, SECRET_REFERENCE);
    if ("secret_id" in reference) {
      return await this.ask("getSecret", reference, SECRET_REFERENCE, read.one(SECRET));
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
    checkRequest("updateSecret", request, UPDATE_SECRET);
    const sent = opened(request);
    const { auth_config } = sent;
    const isCleared = auth_config && Object.keys(auth_config).length === 0;
    const fields = isCleared ? { ...sent, auth_config: CLEARED_AUTH_CONFIG } : sent;
    const answer = await this.caller.call("updateSecret", fields, { isSecret: true });
    return written("updateSecret", answer, SECRET, fields);
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
    checkRequest("deleteSecret", { ...request, force }, DELETE_SECRET);
    if (!force) await this.#refuseInUse(request.secret_id);
    await this.caller.call("deleteSecret", request);
  }

  /** All secrets that the user may see; MLflow leaves out others silently. */
  list(filter: { readonly provider?: string } = {}): Promise<Secret[]> {
    return this.ask("listSecrets", filter, PROVIDER_FILTER, read.many(SECRET));
  }

  async #refuseInUse(secret_id: string): Promise<void> {
    const users = await this.rows("listModelDefinitions", { secret_id }, MODEL_DEFINITION);
    const names = users.map(({ name }) => String(name));
    if (names.length === 0) return;
    const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
    const hidden = names.length - NAMES_SHOWN_MAX;
    const more = hidden > 0 ? ` and ${hidden} more` : "";
    throw new GatewayRequestError(
      `deleteSecret: ${secret_id} is in use by the model definitions ${shown}${more}, which would be left without a key (force deletes it all the same)`,
    );
  }
}

const NAMES_SHOWN_MAX = 5;

const SECRET: read.Kind<Secret> = {
  one: "secret",
  many: "secrets",
  read: read.object({
    secret_id: read.text,
    secret_name: read.text,
    masked_values: read.map,
    auth_config: read.map,
    provider: read.textIfAny,
    ...read.STAMPS,
  }),
};

/** The request as it goes out: maps are objects, and values are bare. */
function opened<R extends CreateSecret | UpdateSecret>(request: R) {
  const { secret_value, auth_config, ...rest } = request;
  return { ...rest, secret_value: plainMap(secret_value), auth_config: plainMap(auth_config) };
}

function plainMap(given: unknown): Record<string, string> | undefined {
  const entries = entriesOf(given);
  return (
    entries && Object.fromEntries(entries.map(([key, value]) => [key, plain(value as string)]))
  );
}

/**
 * The server takes an empty map for an absent one, but an empty `api_base` for what it is: 3.17
 * stores nothing of it, older servers keep the empty text.
 */
const CLEARED_AUTH_CONFIG = { api_base: "" };
