import type { Caller } from "./caller.ts";
import { GatewayResponseError, GatewayStatusError } from "./errors.ts";
import * as read from "./shape.ts";
import type { CurrentUser } from "./types.ts";

export interface ServerInfo {
  /** `SqlStore`; a gateway needs one. */
  readonly store_type?: string;
  readonly workspaces_enabled: boolean;
  /** Absent on servers before 3.13 or so, which cannot switch the gateway off. */
  readonly gateway_enabled?: boolean;
}

/** Questions about the server itself. */
export class ServerOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Resolves when the server answers; it asks for no credentials. */
  async health(): Promise<void> {
    const answer = await this.#caller.text("getHealth");
    if (answer.trim() !== "OK") {
      throw new GatewayResponseError("getHealth", 'was not answered with "OK": is this MLflow?');
    }
  }

  /** Such as `3.17.2`. */
  async version(): Promise<string> {
    const answer = (await this.#caller.text("getVersion")).trim();
    if (/^\d+\.\d+\.\d+[\w.+-]{0,40}$/.test(answer)) return answer;
    throw new GatewayResponseError(
      "getVersion",
      "was not answered with a version: is this MLflow?",
    );
  }

  /** How the server is set up; it asks for no credentials. */
  async info(): Promise<ServerInfo> {
    const answer = await this.#caller.call("getServerInfo");
    const { features_enabled: features, ...info } = read.readAnswer(
      "getServerInfo",
      answer,
      readInfo,
    );
    return {
      ...info,
      ...(features?.gateway !== undefined && { gateway_enabled: features.gateway }),
    };
  }

  /**
   * Who we are to a server with basic-auth; `undefined` on a server without user accounts, which
   * does not know the address. Ask before trusting a list: it silently leaves out what the user
   * may not see, so only an administrator's is complete.
   */
  async currentUser(): Promise<CurrentUser | undefined> {
    const user = await this.#user("getCurrentUser", {});
    if (user) return user;
    // MLflow 3.11 has no address for "me"; it shows users their own account by name.
    const username = await this.#caller.username();
    return username === undefined ? undefined : await this.#user("getUser", { username });
  }

  async #user(
    operation: "getCurrentUser" | "getUser",
    fields: { readonly username?: string },
  ): Promise<CurrentUser | undefined> {
    try {
      const answer = await this.#caller.call(operation, fields);
      return read.readAnswer(operation, answer, readUser).user;
    } catch (error) {
      if (isUnknownAddress(error)) return undefined;
      throw error;
    }
  }
}

const readInfo = read.shape({
  store_type: read.textIfAny,
  workspaces_enabled: (source, name) => read.flagIfAny(source, name) ?? false,
  features_enabled: read.objectIfAny(read.shape({ gateway: read.flagIfAny })),
});

const readUser = read.shape({
  user: read.object(read.shape({ username: read.text, is_admin: read.flag })),
});

/** MLflow's own 404s carry an error code; that of an unknown address does not. */
function isUnknownAddress(error: unknown): boolean {
  return (
    error instanceof GatewayStatusError && error.status === 404 && error.errorCode === undefined
  );
}
