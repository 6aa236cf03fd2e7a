import { createHash } from "node:crypto";

/**
 * A text of at most `bytesMax` bytes of UTF-8, for what something has for its key: a longer one keeps
 * its beginning, and ends with a digest of all of it.
 */
export function shortened(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  const end = `-${createHash("sha256").update(bytes).digest("hex")}`;
  // A character of which only a part would be left is left out.
  const beginning = new TextDecoder().decode(bytes.subarray(0, bytesMax - end.length), {
    stream: true,
  });
  return `${beginning}${end}`;
}
