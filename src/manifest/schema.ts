import * as z from "zod";
import { withBoundedIssues } from "./bounded-schema.ts";
import { SECTION_SCHEMAS } from "./entries/all.ts";

/** MLflow's rule for the name of a workspace. */
const WORKSPACE = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** More than there are rules. */
const DISABLED_MAX = 100;
const WORKSPACES_RESERVED = ["workspaces", "api", "ajax-api", "static-files"];

/** The manifest language, version 1: names are MLflow's own, references are by name. */
export const manifestSchema = withBoundedIssues(
  z
    .strictObject({
      version: z.literal(1).describe("Version of the manifest language"),
      workspace: z
        .string()
        .min(2)
        .max(63)
        .regex(WORKSPACE, "must have lower-case letters, digits and inner hyphens only")
        .refine(
          (value) => !WORKSPACES_RESERVED.includes(value),
          `must not be one of ${WORKSPACES_RESERVED.join(", ")}`,
        )
        .meta({ not: { enum: WORKSPACES_RESERVED } })
        .optional()
        .describe("MLflow workspace of all resources of the file; `default` when left out"),
      ...SECTION_SCHEMAS,
      lint: z
        .strictObject({
          disable: z
            .array(z.string().min(1))
            .max(DISABLED_MAX)
            .optional()
            .describe("Ids of rules whose warnings are not wanted for this file"),
        })
        .optional()
        .describe("What the rules say about this file"),
    })
    .describe("What the AI Gateway of an MLflow server should look like"),
);
