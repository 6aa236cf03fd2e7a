import { expect, test } from "@jest/globals";
import { literal, table } from "#runtime/markdown.ts";

const JOIN = "\u2060";

test.each([
  ["@ada please look", `@${JOIN}ada please look`],
  ["@team/on-call", `@${JOIN}team/on-call`],
  ["mail ada@example.com", `mail ada@${JOIN}example.com`],
  ["https://evil.example/x", `https:${JOIN}//evil.example/x`],
  ["HTTP://evil.example", `HTTP:${JOIN}//evil.example`],
  ["ftp://evil.example", `ftp:${JOIN}//evil.example`],
  ["see www.evil.example", `see www${JOIN}.evil.example`],
  ["fixes #12", `fixes \\#${JOIN}12`],
  ["owner/repo#12", `owner/repo\\#${JOIN}12`],
  ["closes GH-12, !3", `closes GH-${JOIN}12, \\!${JOIN}3`],
  ["[a](javascript:b) <img src=x>", "\\[a\\](javascript:b) \\<img src=x\\>"],
])("text from outside calls nobody and leads nowhere: %s", (text, shown) => {
  expect(literal(text)).toBe(shown);
  expect(table(["a"], [[text]]).at(-1)).toBe(`| ${shown} |`);
});

test("an address of ours stays a link", () => {
  expect(table(["server"], [[{ link: "https://mlflow.example.com" }]]).at(-1)).toBe(
    "| https://mlflow.example.com |",
  );
});
