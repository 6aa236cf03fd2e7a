import type { OwnerFile } from "#sync/owner-file.ts";
import type { GwopsContext } from "./context.ts";
import { type Naming, readManifests } from "./input/manifest-files.ts";
import { counted, say } from "./output/show.ts";

const NAMED_MAX = 10;

/** The manifests that the arguments name; what lies beside them and is none is told once. */
export async function readFiles(
  context: GwopsContext,
  argumentList: readonly string[],
  naming: Naming,
): Promise<readonly OwnerFile[]> {
  const { files, others } = await readManifests(context, argumentList, naming);
  if (others.length > 0) {
    const named = others.slice(0, NAMED_MAX).join(", ");
    const more = others.length > NAMED_MAX ? ` and ${others.length - NAMED_MAX} more` : "";
    say(
      context,
      `${counted(others.length, "file")} left out, as no manifest (version: and a section): ${named}${more}`,
    );
  }
  return files;
}
