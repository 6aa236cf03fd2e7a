import { isReservedTag, RESERVED_TAGS } from "#runtime/marks.ts";
import type { Rule } from "./rule.ts";

export const reservedTags: Rule = {
  id: "reserved-tags",
  severity: "error",
  title: `A tag begins with ${RESERVED_TAGS.map((prefix) => `\`${prefix}\``).join(" or ")}`,
  why: "There Gateway Ops and MLflow keep their own marks, such as the owner: a folder says whose an endpoint is",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      Object.keys(entry.tags ?? {})
        .filter(isReservedTag)
        .map((key) => ({
          path: ["endpoints", index, "tags", key],
          message: `is reserved: tags that begin with ${RESERVED_TAGS.join(" or ")} are not set by manifests`,
        })),
    ),
};
