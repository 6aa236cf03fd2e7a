import { expect, test } from "@jest/globals";
import { visible, visibleJson, visibleText } from "#runtime/visible.ts";
import { expectHarmless, HOSTILE } from "../../support/hostile.ts";

test.each(Object.entries(HOSTILE))("%s is written out on one line", (_, text) => {
  const shown = visible(text);

  expectHarmless(shown);
  expect(shown).not.toContain("\n");
  expect(shown).toMatch(/\\u\{[0-9a-f]+\}/);
});

test.each(Object.entries(HOSTILE))("%s is harmless in a text of several lines", (_, text) => {
  expectHarmless(visibleText(`first\n${text}\r\nlast`));
});

test.each(Object.entries(HOSTILE))("%s reads back from JSON as it was", (_, text) => {
  const value = { [text]: [text, { message: text }] };

  for (const indent of [undefined, 2]) {
    const json = visibleJson(value, indent);
    expectHarmless(json);
    expect(JSON.parse(json)).toEqual(value);
  }
});

test.each(Object.values(HOSTILE))("what was made visible stays as it is: %j", (text) => {
  expect(visible(visible(text))).toBe(visible(text));
  expect(visibleText(visible(text))).toBe(visible(text));
});

test.each([
  "",
  "chat",
  "日本語 🚀 ❤️ é",
  "a::b ## c [d] #1",
  "https://api.example/v1",
  "\\u{1b}",
  "#[x]",
])("what is harmless stays as it is: %j", (text) => {
  expect(visible(text)).toBe(text);
  expect(visibleText(text)).toBe(text);
  expect(visibleJson(text)).toBe(JSON.stringify(text));
});
