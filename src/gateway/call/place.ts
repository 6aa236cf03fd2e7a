/** Where a value stands, in a request or in an answer; errors name it. */
export interface Place {
  readonly operation: string;
  /** Such as `model_configs[1].weight`; empty for the whole. */
  readonly path: string;
}

export function whole(operation: string): Place {
  return { operation, path: "" };
}

export function inside({ operation, path }: Place, field: string): Place {
  return { operation, path: path === "" ? field : `${path}.${field}` };
}

export function element({ operation, path }: Place, index: number): Place {
  return { operation, path: `${path}[${index}]` };
}
