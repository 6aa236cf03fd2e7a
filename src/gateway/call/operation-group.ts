import type { OperationName, RequestFields } from "#gateway/operations.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { type Check, checkRequest } from "./checks.ts";
import { written } from "./echo.ts";
import { type JsonObject, rawList } from "./json.ts";
import { whole } from "./place.ts";
import type { Kind, Read } from "./read.ts";

/** The retryBudget that nearly all operations take: check, call, read and, after a write, compare. */
export abstract class OperationGroup {
  protected readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  /** Without `read`, of the answer it only counts that there is one. */
  protected async ask<N extends OperationName, T = void>(
    operation: N,
    request: RequestFields<N>,
    check: Check,
    read: Read<T> = () => undefined as T,
  ): Promise<T> {
    checkRequest(operation, request, check);
    return read(await this.caller.call(operation, request), whole(operation));
  }

  /** Of an update; a resource is made by `create` in creation.ts. */
  protected async write<N extends OperationName, T>(
    operation: N,
    request: RequestFields<N>,
    check: Check,
    kind: Kind<T>,
  ): Promise<T> {
    const answer = await this.ask(operation, request, check, (given) => given as JsonObject);
    return written(operation, answer, kind, request);
  }

  /** All resources of a list, as they come. */
  protected async rows<N extends OperationName>(
    operation: N,
    request: RequestFields<N>,
    { many }: Kind<unknown>,
    options?: CallOptions,
  ): Promise<JsonObject[]> {
    return rawList(await this.caller.call(operation, request, options), many);
  }
}
