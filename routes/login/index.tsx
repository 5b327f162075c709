// Logging in with a token; the one-time link of the start has a page of its own.
import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "@/lib/http/define.ts";
import { login, ownPath } from "@/lib/http/login.ts";
import { Icon } from "@/lib/ui/Icon.tsx";
import { LoginFrame } from "@/lib/ui/LoginFrame.tsx";

export const handler = define.handlers({
  GET(ctx) {
    const next = ownPath(ctx.url.searchParams.get("next"));
    if (ctx.state.principal !== null) return ctx.redirect(next, 303);
    return page({ next, error: "", version: ctx.state.config.version });
  },
  async POST(ctx) {
    const result = await login(ctx.req, ctx.state);
    if (result.ok) return result.response;
    return page({ next: result.next, error: result.error.message, version: ctx.state.config.version }, {
      status: result.error.status,
    });
  },
});

export default define.page<typeof handler>(function LoginPage({ data }) {
  return (
    <>
      <Head>
        <title>Log in · Holdfast</title>
      </Head>
      <LoginFrame
        title="Log in"
        text="Open the link that the server printed when it started. It works once. Or paste a token."
        version={data.version}
      >
        <form method="post" action="/login">
          <input type="hidden" name="next" value={data.next} />
          <label class="lbl lbl-x" for="token">Token</label>
          <div class={`fld${data.error === "" ? "" : " bad"}`}>
            <input
              class="field"
              style="height:44px"
              id="token"
              name="token"
              type="password"
              autocomplete="current-password"
              required
              autofocus
              aria-invalid={data.error !== ""}
              aria-describedby="token-help"
            />
            {data.error !== "" && (
              <div class="help" id="token-help" role="alert">
                <Icon name="triangle-alert" size={12} />
                {data.error}
              </div>
            )}
          </div>
          <button type="submit" class="btn btn-primary" style="width:100%;height:44px;margin-top:14px">Log in</button>
        </form>
        <details style="margin-top:24px;border-top:1px solid var(--line);padding-top:14px">
          <summary class="dense" style="font-weight:550;cursor:pointer">The link is gone?</summary>
          <p class="dense muted" style="margin:6px 0 8px">
            On the machine where Holdfast runs, the token of the command line lies in the data folder; every start
            prints a new link.
          </p>
          <pre class="code">cat data/cli-token</pre>
        </details>
      </LoginFrame>
    </>
  );
});
