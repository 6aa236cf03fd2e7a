import { fields, NO_FIELDS, text } from "#gateway/call/checks.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import * as read from "#gateway/call/read.ts";
import { GatewayResponseError, isUnknownAddress } from "#gateway/errors.ts";
import type { CurrentUser } from "#gateway/types.ts";

export interface ServerInfo {
  /** `SqlStore`; a gateway needs one. */
  readonly store_type?: string;
  readonly workspaces_enabled: boolean;
  /** Absent before MLflow 3.17. */
  readonly gateway_enabled?: boolean;
}

/** Questions about the server itself. */
export class ServerOperations extends OperationGroup {
  /** Resolves when the server answers; it asks for no credentials. */
  async health(): Promise<void> {
    await this.#plain("getHealth", /^OK$/, '"OK"');
  }

  /** Such as `3.17.2`. */
  version(): Promise<string> {
    return this.#plain("getVersion", /^\d+\.\d+\.\d+[\w.+-]{0,40}$/, "a version");
  }

  /** How the server is set up; it asks for no credentials. */
  async info(): Promise<ServerInfo> {
    const { features_enabled, ...info } = await this.ask("getServerInfo", {}, NO_FIELDS, INFO);
    const { gateway } = features_enabled ?? {};
    return gateway === undefined ? info : { ...info, gateway_enabled: gateway };
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
    const username = await this.caller.username();
    return username === undefined ? undefined : await this.#user("getUser", { username });
  }

  async #plain(
    operation: "getHealth" | "getVersion",
    pattern: RegExp,
    wanted: string,
  ): Promise<string> {
    const answer = (await this.caller.text(operation)).trim();
    if (pattern.test(answer)) return answer;
    throw new GatewayResponseError(operation, `was not answered with ${wanted}: is this MLflow?`);
  }

  #user(
    operation: "getCurrentUser" | "getUser",
    request: { readonly username?: string },
  ): Promise<CurrentUser | undefined> {
    return this.ask(operation, request, fields({}, { username: text }), USER).catch(
      (error: unknown) => {
        if (isUnknownAddress(error)) return undefined;
        throw error;
      },
    );
  }
}

const INFO = read.object({
  store_type: read.textIfAny,
  workspaces_enabled: read.flagOrFalse,
  features_enabled: read.objectIfAny(read.object({ gateway: read.flagIfAny })),
});

const USER = read.field("user", read.object({ username: read.text, is_admin: read.flag }));
