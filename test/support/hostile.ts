import { expect } from "@jest/globals";

/** Texts of which a terminal, a viewer or a CI system would do something. */
export const HOSTILE: Readonly<Record<string, string>> = {
  "a colour": "red\u001b[31m",
  "a cleared screen": "gone\u001b[2J\u001b[H",
  "a terminal's title": "\u001b]0;title\u0007",
  "an eight bit control": "red\u009b31m",
  "a line end": "one\n+ create secret/invented",
  "a return": "one\r+ create secret/invented",
  "a line separator": "one\u2028two\u2029three\u0085four",
  "a bidirectional override": "abc\u202egpj.exe\u2066x\u2069",
  "zero width": "a\u200bb\u200d\ufeffc\u2060",
  "a lone surrogate": "a\ud800b",
  "invisible letters": "a\u3164b\u{e0041}c\u{e0100}",
  "a command of GitHub": "\n::error file=a.js,line=1::hacked",
  "a command of GitHub at the beginning": "::add-mask::x",
  "a command of GitHub behind spaces": "x\n \u00a0::set-output name=a::b",
  "a command of Azure": "##vso[task.setvariable variable=a]b",
  "a group of Azure": "##[group]x",
  "a message of TeamCity": "x ##teamcity[buildStop comment='x']",
};

/** What no text that is shown may hold, its own line ends apart. */
const ACTED_ON =
  /(?!\n|\uFE0E|\uFE0F)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]|##[\w.-]*\[|^\s*::/mu;

export function expectHarmless(shown: string): void {
  expect(ACTED_ON.exec(shown)).toBeNull();
}
