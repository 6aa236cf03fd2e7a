import type { Caller, CallOptions } from "./caller.ts";
import { type Check, checkRequest } from "./checks.ts";
import { type Creation, create } from "./creation.ts";
import { refuseLost, unstoredField } from "./echo.ts";
import type { OperationName, RequestFields } from "./operations.ts";
import { type JsonObject, Reader } from "./read.ts";

/** One kind of resource, as answers hold it. */
export interface Kind<T> {
  /** Field of an answer that holds one. */
  readonly one: string;
  /** Field of an answer that holds a list of them. */
  readonly many: string;
  readonly read: (reader: Reader) => T;
}

/** First field that the server stored otherwise than it was sent. */
export type LostField = (stored: JsonObject) => string | undefined;

/**
 * The course that all operations take: check the request, call, read the resource of the answer
 * and, after a write, compare it with what was sent.
 */
export class Resource<T> {
  readonly #caller: Caller;
  readonly #kind: Kind<T>;

  constructor(caller: Caller, kind: Kind<T>) {
    this.#caller = caller;
    this.#kind = kind;
  }

  async get<N extends OperationName>(
    operation: N,
    request: RequestFields<N>,
    check: Check,
  ): Promise<T> {
    checkRequest(operation, request, check);
    const answer = await this.#caller.call(operation, request);
    return new Reader(operation, answer).object(this.#kind.one, this.#kind.read);
  }

  async list<N extends OperationName>(
    operation: N,
    request: RequestFields<N>,
    check: Check,
  ): Promise<T[]> {
    checkRequest(operation, request, check);
    const answer = await this.#caller.call(operation, request);
    return new Reader(operation, answer).list(this.#kind.many, this.#kind.read);
  }

  /** For what is answered with nothing. */
  async act<N extends OperationName>(
    operation: N,
    request: RequestFields<N>,
    check: Check,
  ): Promise<void> {
    checkRequest(operation, request, check);
    await this.#caller.call(operation, request);
  }

  /** `check` has been done: what is sent may differ from what was given. */
  async update<N extends OperationName>(
    operation: N,
    fields: RequestFields<N>,
    lostField: LostField = (stored) => unstoredField(fields, stored),
    options: CallOptions = {},
  ): Promise<T> {
    const answer = await this.#caller.call(operation, fields, options);
    return this.#written(operation, answer, lostField);
  }

  /** As {@link update}. */
  async create<N extends OperationName>(creation: Omit<Creation<N>, "entity">): Promise<T> {
    const { operation, fields, lostField = (stored) => unstoredField(fields, stored) } = creation;
    const answer = await create(this.#caller, { ...creation, entity: this.#kind.one, lostField });
    return this.#written(operation, answer, lostField);
  }

  #written(operation: OperationName, answer: JsonObject, lostField: LostField): T {
    const { one, read } = this.#kind;
    const resource = new Reader(operation, answer).object(one, read);
    refuseLost(operation, lostField(answer[one] as JsonObject));
    return resource;
  }
}
