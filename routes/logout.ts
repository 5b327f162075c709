// Logging out: forgets the cookie on both sides.
import { define } from "@/lib/http/define.ts";
import { logout } from "@/lib/http/login.ts";

export const handler = define.handlers({
  POST: (ctx) => logout(ctx.req, ctx.state),
});
