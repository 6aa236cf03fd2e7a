import type { Manifest, ManifestFinding } from "#manifest/types.ts";

/** Tags in which we keep our own marks, such as the owner. */
const RESERVED_PREFIX = "gwops/";

/** A manifest cannot say whose an endpoint is: its folder does. */
export function reservedTags(manifest: Manifest): ManifestFinding[] {
  return (manifest.endpoints ?? []).flatMap(({ tags }, index) =>
    Object.keys(tags ?? {})
      .filter((key) => key.startsWith(RESERVED_PREFIX))
      .map((key) => ({
        rule: "reserved-tags",
        path: ["endpoints", index, "tags", key],
        message: `is reserved: tags that begin with ${RESERVED_PREFIX} are set by Gateway Ops`,
      })),
  );
}
