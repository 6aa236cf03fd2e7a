export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `undefined` for a text that is not JSON; the parser's own error would quote the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The objects of a list as they came; a list that is absent or malformed is empty. */
export function rawList(answer: unknown, field: string): JsonObject[] {
  const list = isObject(answer) ? answer[field] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}
