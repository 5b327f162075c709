// MARS's door: one run, named by the address.
import { upgradeTo } from "@/lib/http/upgrade.ts";

export const handler = upgradeTo((request, caller, { live }) => {
  const name = new URL(request.url).pathname.split("/").filter((part) => part !== "")[1] ?? "";
  return live.run(request, caller, decodeURIComponent(name));
});
