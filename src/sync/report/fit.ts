/**
 * As many of the items as fit into so many bytes, in their order and each of them whole. One that
 * is too long itself does not keep out those behind it.
 */
export function fitting<T>(
  items: readonly T[],
  bytesMax: number,
  bytesOf: (item: T) => number,
): readonly T[] {
  let left = bytesMax;
  return items.filter((item) => {
    const bytes = bytesOf(item);
    if (bytes > left) return false;
    left -= bytes;
    return true;
  });
}

const ENCODER = new TextEncoder();

/** Of a text as a part of JSON, in which some characters take several. */
export function jsonBytes(text: string): number {
  return ENCODER.encode(JSON.stringify(text)).length;
}
