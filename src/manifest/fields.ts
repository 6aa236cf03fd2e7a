import * as z from "zod";

/** Column size on PostgreSQL and MySQL; SQLite does not check. */
const NAME_LENGTH_MAX = 255;
/** Control characters, and halves of a surrogate pair, which no UTF-8 can carry. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

/** As before, but several lines and tabs are fine. */
const PRINTABLE_LINES = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u;

/** A text of one line and at least one character. */
export function text(lengthMax: number) {
  return limited(z.string().min(1).regex(PRINTABLE, "must have no control characters"), lengthMax);
}

/** Any text, also an empty one or one of several lines. */
export function freeText(lengthMax: number) {
  return limited(
    z.string().regex(PRINTABLE_LINES, "must have no control characters but tabs and line ends"),
    lengthMax,
  );
}

/** Lengths count code points, as databases and JSON Schema do: an emoji is one character. */
function limited(schema: z.ZodString, lengthMax: number) {
  return schema
    .refine(
      (value) => value.length <= lengthMax || [...value].length <= lengthMax,
      `must have at most ${lengthMax} character(s)`,
    )
    .meta({ maxLength: lengthMax });
}

export const name = text(NAME_LENGTH_MAX);

/** What is only referred to: it must exist, and no plan changes it. */
export function externalOf(kind: string) {
  return z
    .strictObject({
      name: name.describe(`Name of the ${kind} on the gateway`),
      external: z
        .literal(true)
        .describe("It must exist, may be referred to, and is never changed; nothing else is said"),
    })
    .describe(`A ${kind} that somebody else manages`);
}

/** What every managed resource may say. */
export const ofManaged = {
  protected: z
    .literal([true, false, "changes"])
    .optional()
    .describe(
      "No plan may delete it, also after it left the manifest; `changes`: nor change it, or end that, without an approval. New versions of a secret's value are pushed all the same",
    ),
};

/** What a resource may say that could be external or be called otherwise. */
export const ofNamed = {
  ...ofManaged,
  external: z.literal(false).optional().describe("See below; false when left out"),
  previous_name: name
    .optional()
    .describe("Its former name: the resource of that name is renamed, not made anew"),
};
