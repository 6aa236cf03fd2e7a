import type { Rule } from "./rule.ts";

export const apiBaseUrl: Rule = {
  id: "api-base-url",
  severity: "error",
  title: "An `api_base` is not a URL",
  why: "MLflow cannot call it",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { auth_config }, index }) => {
      const base = auth_config?.api_base;
      if (!base || isHttpUrl(base)) return [];
      const message = `must be a URL such as https://api.example.com/v1, without name and password, got "${shown(base)}"`;
      return [{ path: ["secrets", index, "auth_config", "api_base"], message }];
    }),
};

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ["https:", "http:"].includes(protocol) && username === "" && password === "";
}

/** A password in a URL is not for reports. */
function shown(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//[not shown]@");
}
