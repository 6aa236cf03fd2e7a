/** Well below what a record of the ledger holds: its names and the rest of its value need room. */
const PART_BYTES_MAX = 200_000;

/** Texts in their order, in parts of which each fits into a record; at least one, be it empty. */
export function inParts<T extends string>(texts: readonly T[]): T[][] {
  const parts: T[][] = [[]];
  let bytes = 0;
  for (const text of texts) {
    const added = Buffer.byteLength(JSON.stringify(text)) + 1;
    bytes += added;
    if (bytes > PART_BYTES_MAX) {
      parts.push([]);
      bytes = added;
    }
    parts.at(-1)?.push(text);
  }
  return parts;
}
