// Everything under /api that the table of routes does not know.
import { unknownPath } from "@/lib/http/api.ts";

export const handler = unknownPath;
