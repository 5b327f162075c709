// Every request of a route passes here: who asks, who may see pages, errors in the form that the asker can read.
import { define } from "@/lib/http/define.ts";
import { guard } from "@/lib/http/guard.ts";

export default define.middleware((ctx) => guard(ctx));
