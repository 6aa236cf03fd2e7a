import type { Caller } from "./caller.ts";
import { GatewayResponseError, GatewayStatusError } from "./errors.ts";
import { Reader } from "./read.ts";
import type { CurrentUser } from "./types.ts";

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

  /**
   * Who we are to a server with basic-auth; `undefined` on a server without user accounts, which
   * does not know the address. Ask before trusting a list: it silently leaves out what the user
   * may not see, so only an administrator's is complete.
   */
  async currentUser(): Promise<CurrentUser | undefined> {
    try {
      const answer = await this.#caller.call("getCurrentUser");
      return new Reader("getCurrentUser", answer).object("user", (user) => ({
        username: user.text("username"),
        is_admin: user.boolean("is_admin"),
      }));
    } catch (error) {
      if (isUnknownAddress(error)) return undefined;
      throw error;
    }
  }
}

/** MLflow's own 404s carry an error code; that of an unknown address does not. */
function isUnknownAddress(error: unknown): boolean {
  return (
    error instanceof GatewayStatusError && error.status === 404 && error.errorCode === undefined
  );
}
