import { isObject, parseJson } from "./document.ts";
import { SecretMappingError } from "./mapping-error.ts";

/** The key of vertex_ai that is a whole document. */
export const SERVICE_ACCOUNT = "vertex_credentials";

/** What Google writes into it, now and formerly. */
const TOKEN_URIS: readonly string[] = [
  "https://oauth2.googleapis.com/token",
  "https://accounts.google.com/o/oauth2/token",
];

/** Whether a stored object is a service account itself, as Google's console hands it out. */
export function isServiceAccount(document: Readonly<Record<string, unknown>>): boolean {
  return (
    document.type === "service_account" || ("private_key" in document && "client_email" in document)
  );
}

/**
 * An address within a key: Google's library has itself a token given by the `token_uri` of a service
 * account. MLflow takes the path of a file on the server as well, which nobody else may choose.
 */
export function requireGoogle(source: string, text: string): void {
  const account = parseJson(text);
  const { token_uri } = isObject(account) ? account : {};
  if (typeof token_uri === "string" && TOKEN_URIS.includes(token_uri)) return;
  throw new SecretMappingError(
    `${source} must hold the JSON of a Google service account as ${SERVICE_ACCOUNT}, with the token_uri ${TOKEN_URIS.join(" or ")}`,
  );
}
