import { addressOf } from "./address.ts";
import { ANYTHING } from "./call.ts";

const LIKE_ADDRESS = /:\/\/|https?:|^[\\/]{2}/i;

/**
 * The host that the name of a model leads to, `*` where it cannot be told which; undefined for a
 * name that is no address. Some providers of litellm call the model itself with the key when there
 * is `https` in its name (huggingface, oobabooga), in place of any `api_base`.
 */
export function modelHost(modelName: string): string | undefined {
  if (!LIKE_ADDRESS.test(modelName)) return undefined;
  return addressOf(modelName)?.host ?? ANYTHING;
}
