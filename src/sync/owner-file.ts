/** A manifest file as it is now. */
export interface OwnerFile {
  /** Key in the bucket, or path on this machine. */
  readonly name: string;
  readonly version_id: string;
  readonly content: string | Uint8Array;
}

/** A file that was kept as text, to be planned again. */
export function keptFile({ name, version_id, text }: KeptFile): OwnerFile {
  return { name, version_id, content: text };
}

interface KeptFile extends Pick<OwnerFile, "name" | "version_id"> {
  readonly text: string;
}

export function textOf({ content }: Pick<OwnerFile, "content">): string {
  return typeof content === "string" ? content : new TextDecoder().decode(content);
}
