import { leavesOf } from "./document.ts";

/** More names are not looked at: each is searched for in all values. */
const NAMES_MAX = 50;
const NAME_LENGTH_MAX = 40;
/** So many characters of a value in a row tell something about it. */
const TELLING = 4;

/** How providers begin their keys. */
const KEY_BEGIN = /^(?:sk|pk|rk|gsk|xai|hf|nvapi|tok|dapi|pat|ghp|glpat|akia|asia)[-_.]/i;
const PART = /^(?:[A-Za-z]{1,20}\d{0,2}|\d{1,2})$/;
const VOWEL = /[aeiouy]/i;
const CONSONANTS = /[b-df-hj-np-tv-xz]{5}/i;

/**
 * Which of the names in a stored document may be shown: one can be a key, pasted in the wrong place.
 * A name is shown if it looks like one, and shows no part of any value.
 */
export function shownNames(document: unknown): (name: string) => boolean {
  const values = textsIn(document);
  let left = NAMES_MAX;
  return (name) => {
    left -= 1;
    return left >= 0 && looksLikeName(name) && !showsPartOf(values, name);
  };
}

/** Words joined by `_`, `-`, `.` or capital letters. */
function looksLikeName(name: string): boolean {
  if (name.length > NAME_LENGTH_MAX || KEY_BEGIN.test(name)) return false;
  return name.split(/[_.-]/).every((part) => PART.test(part) && wordsIn(part).every(isWord));
}

function wordsIn(part: string): string[] {
  return part.split(/(?<=[a-z])(?=[A-Z])/);
}

/** Random letters have too many changes of case, or too few vowels. */
function isWord(word: string, _index: number, { length }: readonly string[]): boolean {
  if (length > 1 && word.length === 1) return false;
  return !CONSONANTS.test(word) && (word.length <= TELLING || VOWEL.test(word));
}

function textsIn(document: unknown): readonly string[] {
  const texts: string[] = [];
  for (const { value } of leavesOf(document)) {
    if (typeof value === "string" || typeof value === "number") {
      texts.push(String(value).toLowerCase());
    }
  }
  return texts;
}

function showsPartOf(values: readonly string[], name: string): boolean {
  const text = name.toLowerCase();
  if (text.length < TELLING) return values.includes(text);
  const parts = Array.from({ length: text.length - TELLING + 1 }, (_, start) =>
    text.slice(start, start + TELLING),
  );
  return values.some((value) => parts.some((part) => value.includes(part)));
}
