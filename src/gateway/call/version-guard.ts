import {
  type GatewayCallError,
  GatewayResponseError,
  GatewayStatusError,
  isUnknownAddress,
} from "#gateway/errors.ts";
import { isAtLeast } from "#gateway/version.ts";
import {
  GatewayCapabilityError,
  operationRequirement,
  partRequirement,
  type Requirement,
} from "./capabilities.ts";
import type { JsonObject } from "./json.ts";

/** The server's version, once somebody asked. */
export interface KnownVersion {
  version?: string;
}

/**
 * Keeps calls from servers that are too old for them. What such a server would drop in silence is
 * refused before it is sent; what it answers with "not found" is explained afterwards. Only calls
 * that use something newer than the oldest server ever cause a question about the version.
 */
export class VersionGuard {
  readonly #askVersion: () => Promise<string>;
  readonly #known: KnownVersion;

  constructor(askVersion: () => Promise<string>, known: KnownVersion = {}) {
    this.#askVersion = askVersion;
    this.#known = known;
  }

  /** Throws {@link GatewayCapabilityError} when the server would not understand the request. */
  async check(operation: string, body: JsonObject = {}): Promise<void> {
    const requirement = partRequirement(operation, body);
    if (!requirement) return;
    const tooOld = await this.#tooOldFor(requirement);
    if (tooOld !== undefined) throw new GatewayCapabilityError(operation, requirement, tooOld);
  }

  /** The better error where a call failed because the server is too old, else the same one. */
  async explain(operation: string, error: GatewayCallError): Promise<GatewayCallError> {
    const requirement = operationRequirement(operation);
    if (!requirement || !isUnknownAddress(error)) return error;
    // The question is ours; should it fail, the caller is owed the answer to its own call.
    const tooOld = await this.#tooOldFor(requirement).catch(() => undefined);
    if (tooOld === undefined) return error;
    return new GatewayCapabilityError(operation, requirement, tooOld, { cause: error });
  }

  /** The server's version if it does not do. Asked anew before a refusal: servers get upgraded. */
  async #tooOldFor(requirement: Requirement): Promise<string | undefined> {
    const { version } = this.#known;
    if (version !== undefined && isAtLeast(version, requirement.version)) return undefined;
    const asked = await this.#ask();
    this.#known.version = asked;
    return isAtLeast(asked, requirement.version) ? undefined : asked;
  }

  /** A proxy may keep the address to itself; then the check after each write must do. */
  async #ask(): Promise<string> {
    try {
      return (await this.#askVersion()).trim();
    } catch (error) {
      if (error instanceof GatewayStatusError || error instanceof GatewayResponseError) {
        return "unknown";
      }
      throw error;
    }
  }
}
