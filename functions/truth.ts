import * as z from "zod";

/** A setting of a function that is on or off. */
export const truth = z.enum(["true", "false"]).transform((text) => text === "true");
