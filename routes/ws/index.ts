// The general door: any number of topics over one socket.
import { upgradeTo } from "@/lib/http/upgrade.ts";

export const handler = upgradeTo((request, caller, { live }) => live.general(request, caller));
