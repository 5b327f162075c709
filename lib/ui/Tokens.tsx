// Tokens as a table, the form for a new one, and the secret that is shown once.
import type { Token } from "../protocol/rest.ts";
import { Icon } from "./Icon.tsx";
import { ago } from "./words.ts";

const day = (time: string) => time.slice(0, 10);

/** The table; `all` shows whose each token is. */
export function TokenRows(
  props: { tokens: readonly Token[]; now: number; all: boolean; busy: boolean; onRevoke: (token: Token) => void },
) {
  if (props.tokens.length === 0) return <p class="meta">No tokens.</p>;
  return (
    <div class="tb-x">
      <table class="tb">
        <thead>
          <tr>
            <th scope="col">For</th>
            {props.all && <th scope="col">Person</th>}
            <th scope="col">Role</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span class="sr-only">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.tokens.map((token) => (
            <tr key={token.token_id} data-token={token.token_id}>
              <td>
                {token.label} {token.current && <span class="faint">this one</span>}
              </td>
              {props.all && (
                <td>
                  {token.user.name} <span class="mono faint">{token.user.id}</span>
                </td>
              )}
              <td>{token.role === "admin" ? "Administrator" : "Person"}</td>
              <td title={token.last_used_at ?? ""} data-of="Last used">
                {token.last_used_at === null ? "never" : ago(props.now - Date.parse(token.last_used_at))}
              </td>
              <td data-of="Ends">{ending(token, props.now)}</td>
              <td class="n">
                <button
                  type="button"
                  class="btn btn-xs btn-line"
                  disabled={props.busy}
                  aria-label={`Revoke ${token.label} of ${token.user.name}…`}
                  onClick={() => props.onRevoke(token)}
                >
                  Revoke…
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ending({ expires_at }: Token, now: number): string {
  if (expires_at === null) return "when revoked";
  return Date.parse(expires_at) <= now ? `ended ${day(expires_at)}` : day(expires_at);
}

/** The form; only administrators choose person and role. */
export function TokenForm(props: { admin: boolean; busy: boolean; onMake: (form: HTMLFormElement) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (event.currentTarget instanceof HTMLFormElement) props.onMake(event.currentTarget);
  };
  return (
    <form class="make" onSubmit={submit}>
      <label>
        What it is for
        <input class="field" name="label" required maxLength={100} placeholder="Laptop" autocomplete="off" />
      </label>
      {props.admin && (
        <>
          <label>
            Id of the person
            <input class="field mono" name="user" maxLength={40} placeholder="yours" autocomplete="off" />
          </label>
          <label>
            Name
            <input class="field" name="name" maxLength={40} autocomplete="off" />
          </label>
          <label>
            Role
            <select class="field" name="role">
              <option value="user">Person</option>
              <option value="admin">Administrator</option>
            </select>
          </label>
        </>
      )}
      <label>
        Days until it ends
        <input class="field" name="days" type="number" min={1} max={3650} placeholder="never" />
      </label>
      <button type="submit" class="btn btn-primary" disabled={props.busy}>
        {props.busy ? "Making" : "Make token"}
      </button>
    </form>
  );
}

/** The secret of a token that was just made. */
export function TokenOnce(props: { name: string; secret: string; onCopy: () => void; onClose: () => void }) {
  return (
    <div class="once" role="status">
      <b>Token “{props.name}”.</b> It is shown only now: copy it before you go on.
      <div class="row">
        <code class="mono" data-secret>{props.secret}</code>
        <button type="button" class="btn btn-xs btn-line" onClick={props.onCopy}>
          <Icon name="copy" size={14} />Copy
        </button>
        <button type="button" class="btn btn-xs btn-quiet" onClick={props.onClose}>I have it</button>
      </div>
    </div>
  );
}
