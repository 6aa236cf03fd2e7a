/**
 * Everything that a terminal or a viewer would act on instead of showing it: control and format
 * characters (colours, bidirectional overrides, zero width), line ends, lone surrogates, and what
 * else is drawn as nothing. The two variation selectors that choose how an emoji is drawn stay.
 */
const HIDDEN =
  /(?!\uFE0E|\uFE0F)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/**
 * The beginnings of the commands that CI systems read out of a log, such as `##vso[` and
 * `##[group]` of Azure, which may stand anywhere in a line.
 */
const BRACKET_COMMAND = /##(?=[\w.-]*\[)/g;

/** `::error ...` of GitHub, which begins a line. */
const COLON_COMMAND = /^(\s*):(?=:)/;

/**
 * A text from outside on one line: what cannot be seen is written out as `\u{1b}`, and nothing in
 * it is a command to a CI system. What is harmless already stays as it is.
 */
export function visible(text: string): string {
  return text
    .replace(HIDDEN, (character) => escaped(codeOf(character)))
    .replace(BRACKET_COMMAND, `${escaped(codeOf("#"))}#`)
    .replace(COLON_COMMAND, `$1${escaped(codeOf(":"))}`);
}

/** The same of a text of several lines. */
export function visibleText(text: string): string {
  return visibleLines(text.split(/\r?\n/));
}

/** A text of lines of which each may hold what is not ours: none of them can make another. */
export function visibleLines(lines: readonly string[]): string {
  return lines.map(visible).join("\n");
}

/** JSON that reads back as exactly the same value, and is harmless to look at. */
export function visibleJson(value: unknown, indent?: number): string {
  return escapeHidden(JSON.stringify(value, null, indent), (character) =>
    // By halves where a character needs two: JSON has no longer escape.
    Array.from({ length: character.length }, (_, index) => unit(character, index)).join(""),
  );
}

/**
 * Of a document in a language with escapes of its own: replaces what only strings in it can hold.
 * Its line ends stay.
 */
export function escapeHidden(document: string, escapeOf: (character: string) => string): string {
  return document
    .replace(HIDDEN, (character) => (character === "\n" ? character : escapeOf(character)))
    .replace(BRACKET_COMMAND, `${escapeOf("#")}#`);
}

export function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}

function escaped(code: string): string {
  return `\\u{${code}}`;
}

function unit(character: string, index: number): string {
  return `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
}
