import { firstOf } from "#runtime/first-of.ts";
import type { GwopsContext } from "./context.ts";
import { type FoundFile, readManifests } from "./input/manifest-files.ts";
import { counted, say } from "./output/show.ts";

/** The manifests that the arguments name; what lies beside them and is none is told once. */
export async function readNamedFiles(
  context: GwopsContext,
  argumentList: readonly string[],
): Promise<readonly FoundFile[]> {
  const { files, others } = await readManifests(context, argumentList);
  if (others.length > 0) {
    say(
      context,
      `${counted(others.length, "file")} left out, as no manifest (version: and a section): ${firstOf(others)}`,
    );
  }
  return files;
}
