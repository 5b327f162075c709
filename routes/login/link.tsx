// The one-time login link: GET shows a button and changes nothing, its POST uses the link up.
import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "@/lib/http/define.ts";
import { login, readLink } from "@/lib/http/login.ts";
import { LoginFrame } from "@/lib/ui/LoginFrame.tsx";

export const handler = define.handlers({
  async GET(ctx) {
    const { secret, usable } = await readLink(ctx.url, ctx.state);
    const headers = { "cache-control": "no-store", "referrer-policy": "no-referrer" };
    return page({ secret, usable, version: ctx.state.config.version }, { headers, status: usable ? 200 : 410 });
  },
  async POST(ctx) {
    const result = await login(ctx.req, ctx.state);
    if (result.ok) return result.response;
    return page({ secret: "", usable: false, version: ctx.state.config.version }, { status: result.error.status });
  },
});

export default define.page<typeof handler>(function LinkPage({ data }) {
  return (
    <>
      <Head>
        <title>Log in · Holdfast</title>
      </Head>
      {data.usable
        ? (
          <LoginFrame
            title="Welcome"
            text="This link logs you in on this device. It works once."
            version={data.version}
          >
            <form method="post" action="/login/link">
              <input type="hidden" name="link" value={data.secret} />
              <button type="submit" class="btn btn-primary" style="width:100%;height:44px" autofocus>
                Log in on this device
              </button>
            </form>
          </LoginFrame>
        )
        : (
          <LoginFrame
            title="This link is used up"
            text="It worked once, or is older than 15 minutes. Every start of the server prints a new one."
            version={data.version}
          >
            <a class="btn btn-line" href="/login">Log in with a token</a>
          </LoginFrame>
        )}
    </>
  );
});
