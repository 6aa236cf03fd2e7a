import { afterAll, beforeAll, jest, test } from "@jest/globals";
import { openLogger } from "../../../functions/logger.ts";
import { ExpectedError } from "../../support/builders.ts";
import { expectHarmless, HOSTILE } from "../../support/hostile.ts";

const { POWERTOOLS_DEV } = process.env;

beforeAll(() => {
  // Else it writes past the console that a test can see.
  process.env.POWERTOOLS_DEV = "true";
});

afterAll(() => {
  process.env.POWERTOOLS_DEV = POWERTOOLS_DEV;
  jest.restoreAllMocks();
});

test.each(Object.entries(HOSTILE))(
  "%s is harmless in a log, and in what is read out of it",
  (_, text) => {
    const written: string[] = [];
    jest.spyOn(console, "error").mockImplementation((line) => void written.push(String(line)));

    openLogger().error(text, { key: text, error: new ExpectedError("reject", text) });

    const [line = ""] = written;
    expectHarmless(line);
    const { message, key, error } = JSON.parse(line);
    for (const shown of [message, key, error.message, error.stack]) expectHarmless(shown);
  },
);
