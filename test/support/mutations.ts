import fc from "fast-check";

/** What people and programs put where something else belongs. */
const PARTS = [
  "null",
  "~",
  "[]",
  "{}",
  '""',
  "yes",
  "0x1F",
  "-0",
  "1e400",
  ".nan",
  "9".repeat(400),
  "2026-01-01",
  "x".repeat(300),
  "\u0000",
  "\ud83d\ude00",
  "\ufeff",
  "$" + "{NAME}",
  "{{ name }}",
  "*",
  "&a x",
  "*a",
  "<<: *a",
  "!!binary x",
  "!!set {}",
  "- - -",
  "? ",
  ": ",
  "# ",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "\t",
  "\r\n",
  "|\n  ",
  '"',
  "'",
  "{",
  "}",
  "[",
  "]",
  ",",
  "__proto__: 1",
  "constructor: 1",
  "name: chat",
  "external: true",
  "previous_name: chat",
] as const;

/** One change of a text at some place of it, both as shares of what there is. */
interface Mutation {
  readonly kind: "insert" | "remove" | "replace" | "swap" | "repeat" | "value" | "indent";
  readonly at: number;
  readonly length: number;
  readonly part: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("insert", "remove", "replace", "swap", "repeat", "value", "indent"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(40),
  part: fc.oneof(fc.constantFrom(...PARTS), fc.string({ maxLength: 8, unit: "binary" })),
});

/** Texts with up to a handful of changes in them, most of them still close to the original. */
export function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.array(mutation, { maxLength: 4 }))
    .map(([text, mutations]) => mutations.reduce(change, text));
}

function change(text: string, { kind, at, length, part }: Mutation): string {
  const offset = Math.floor(at * text.length);
  const [before, after] = [text.slice(0, offset), text.slice(offset)];
  switch (kind) {
    case "insert":
      return before + part + after;
    case "remove":
      return before + after.slice(length);
    case "replace":
      return before + part + after.slice(length);
    case "repeat":
      return before + after.slice(0, length).repeat(3) + after;
    default:
      return changeLine(text.split("\n"), kind, { at, part });
  }
}

function changeLine(
  lines: string[],
  kind: "swap" | "value" | "indent",
  { at, part }: Pick<Mutation, "at" | "part">,
): string {
  const index = Math.min(Math.floor(at * lines.length), lines.length - 1);
  const [line = "", next = ""] = lines.slice(index);
  if (kind === "swap") lines.splice(index, 2, next, line);
  else if (kind === "indent") lines[index] = ` ${line}`;
  else lines[index] = line.replace(/:.*$/, () => `: ${part}`);
  return lines.join("\n");
}
