import type { Caller } from "./caller.ts";
import { checkRequest } from "./checks.ts";
import { type Creation, create } from "./creation.ts";
import { refuseLost, unstoredField } from "./echo.ts";
import { OPERATIONS, type OperationName, type RequestFields } from "./operations.ts";
import type { JsonObject } from "./read.ts";
import { list, object, readAnswer, type Shape } from "./shape.ts";

/** One kind of resource, as answers hold it. */
export interface Kind<T> {
  /** Field of an answer that holds one. */
  readonly one: string;
  /** Field of an answer that holds a list of them. */
  readonly many: string;
  readonly read: Shape<T>;
}

/** First field that the server stored otherwise than it was sent. */
export type LostField = (stored: JsonObject) => string | undefined;

export interface WriteOptions<N extends OperationName> {
  /** @default the request as it was given */
  readonly fields?: RequestFields<N>;
  /** @default all fields must be stored as they were sent */
  readonly lostField?: LostField;
  /** Values in the fields that must not come back in an error. */
  readonly secretValues?: readonly string[];
}

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

  async get<N extends OperationName>(operation: N, request: RequestFields<N>): Promise<T> {
    return this.#read(operation, await callChecked(this.#caller, operation, request));
  }

  async list<N extends OperationName>(operation: N, request: RequestFields<N>): Promise<T[]> {
    const { many, read } = this.#kind;
    const answer = await callChecked(this.#caller, operation, request);
    return readAnswer(operation, answer, (source) => list(read)(source, many));
  }

  /** For what is answered with nothing. */
  async act<N extends OperationName>(operation: N, request: RequestFields<N>): Promise<void> {
    await callChecked(this.#caller, operation, request);
  }

  async update<N extends OperationName>(
    operation: N,
    request: RequestFields<N>,
    { fields = request, lostField, secretValues = [] }: WriteOptions<N> = {},
  ): Promise<T> {
    checkOperation(operation, request);
    const answer = await this.#caller.call(operation, fields, { secretValues });
    return this.#written(operation, answer, lostField ?? lostOf(fields));
  }

  async create<N extends OperationName>(
    operation: N,
    request: RequestFields<N>,
    {
      fields = request,
      lostField = lostOf(fields),
      ...creation
    }: WriteOptions<N> & Pick<Creation<N>, "isUnique" | "find">,
  ): Promise<T> {
    checkOperation(operation, request);
    const entity = this.#kind.one;
    const answer = await create(this.#caller, {
      ...{ operation, entity, fields, lostField },
      ...creation,
    });
    return this.#written(operation, answer, lostField);
  }

  #written(operation: OperationName, answer: JsonObject, lostField: LostField): T {
    const resource = this.#read(operation, answer);
    refuseLost(operation, lostField(answer[this.#kind.one] as JsonObject));
    return resource;
  }

  #read(operation: OperationName, answer: JsonObject): T {
    const { one, read } = this.#kind;
    return readAnswer(operation, answer, (source) => object(read)(source, one));
  }
}

/** Throws `GatewayRequestError` on a request that the server would not take as it is meant. */
export function checkOperation(operation: OperationName, request: unknown): void {
  checkRequest(operation, request, OPERATIONS[operation].check);
}

export async function callChecked<N extends OperationName>(
  caller: Caller,
  operation: N,
  request: RequestFields<N>,
): Promise<JsonObject> {
  checkOperation(operation, request);
  return await caller.call(operation, request);
}

function lostOf(fields: JsonObject): LostField {
  return (stored) => unstoredField(fields, stored);
}
