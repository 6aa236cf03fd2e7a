/** A bug of ours, never of the input: it is not caught, not mapped and not retried on purpose. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
