import { plain, type Redacted } from "#runtime/redacted.ts";
import { isObject } from "./call/json.ts";
import { callerOf, type GatewayClientOptions } from "./client.ts";
import { failedCall, GatewayCallError } from "./errors.ts";
import { TRACKING_OPERATIONS, type TrackingOperationName } from "./tracking-operations.ts";

interface Login {
  readonly username: string;
  readonly password: Redacted<string>;
}

type Options = Omit<GatewayClientOptions<TrackingOperationName>, "auth">;

/**
 * The users of an MLflow server with basic-auth, each asked about by its own login. Nothing is
 * cached: MLflow has one password for each user, and a changed one counts from the next request on
 * (with `auth_cache_ttl_seconds` and several workers, a former one for that long beside it).
 */
export class UserLogins {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Undefined when the server refuses the login. */
  async describe(
    login: Login,
    signal: AbortSignal,
  ): Promise<{ readonly is_admin: boolean } | undefined> {
    const { username } = login;
    const answer = await this.#as(login, signal).call("getUser", { username }).catch(failedCall);
    if (!(answer instanceof GatewayCallError)) {
      return { is_admin: isObject(answer.user) && answer.user.is_admin === true };
    }
    if (answer.code === "gateway-unauthorised") return undefined;
    throw answer;
  }

  /**
   * Sets the password of a user; one that asks for its own says its present one as well. `refused`
   * for a login that does not work, or may not; `missing` when there is no such user.
   */
  async changePassword(
    by: Login,
    changed: Login,
    signal: AbortSignal,
  ): Promise<"changed" | "refused" | "missing"> {
    const isSelf = by.username === changed.username;
    const request = {
      username: changed.username,
      password: plain(changed.password),
      ...(isSelf ? { current_password: plain(by.password) } : {}),
    };
    const answer = await this.#as(by, signal)
      // What MLflow answers is no JSON object but an empty one, or nothing.
      .text("changePassword", request, { isSecret: true })
      .catch(failedCall);
    if (!(answer instanceof GatewayCallError)) return "changed";
    if (answer.code === "gateway-not-found") return "missing";
    const isRefused = REFUSED.includes(answer.status ?? 0);
    if (isRefused) return "refused";
    throw answer;
  }

  #as(auth: Login, signal: AbortSignal) {
    return callerOf({ ...this.#options, auth }, TRACKING_OPERATIONS).within(signal);
  }
}

/** A password that is not the present one, or that is not new, is a 400. */
const REFUSED = [400, 401, 403];
