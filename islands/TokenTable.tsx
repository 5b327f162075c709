// Tokens: who may come in, from where, until when. A secret is shown once, when its token is made.
import { useSignal } from "@preact/signals";
import { type TokensState, useTokens, wantedOf } from "../lib/client/tokens_state.ts";
import type { Token } from "../lib/protocol/rest.ts";
import { type Confirm, ConfirmDialog } from "../lib/ui/session/ConfirmDialog.tsx";
import { Notice } from "../lib/ui/session/Notice.tsx";
import { TokenForm, TokenOnce, TokenRows } from "../lib/ui/Tokens.tsx";

/** The tokens of a person, for administrators of all. */
export default function TokenTable(
  props: { tokens: Token[]; next_cursor: string | null; admin: boolean; now: number },
) {
  const state = useTokens(props);
  const ask = useSignal<Confirm | null>(null);
  const { made, problem } = state;
  return (
    <>
      {problem.value !== null && <Notice bad text={problem.value} onClose={() => problem.value = null} />}
      {made.value !== null && (
        <TokenOnce
          name={made.value.token.label}
          secret={made.value.secret}
          onCopy={() => void navigator.clipboard.writeText(made.value?.secret ?? "")}
          onClose={() => made.value = null}
        />
      )}
      <TokenRows
        tokens={state.tokens.value}
        now={props.now}
        all={props.admin}
        busy={state.busy.value}
        onRevoke={(token) => ask.value = confirmRevoke(token, state)}
      />
      {state.cursor.value !== null && (
        <button
          type="button"
          class="btn btn-xs btn-line"
          onClick={() => void state.more()}
        >
          Show more
        </button>
      )}
      <h2>New token</h2>
      <TokenForm admin={props.admin} busy={state.busy.value} onMake={(form) => make(state, form)} />
      <ConfirmDialog ask={ask.value} onClose={() => ask.value = null} />
    </>
  );
}

/** What was typed stays where it was refused. */
async function make(state: TokensState, form: HTMLFormElement): Promise<void> {
  if (await state.make(wantedOf(new FormData(form)))) form.reset();
}

function confirmRevoke(token: Token, state: TokensState): Confirm {
  const own = token.current ? " It is the one that you are logged in with: you will be logged out." : "";
  return {
    title: `Revoke “${token.label}” of ${token.user.name}?`,
    text: `It is worth nothing from then on; its logins, sockets and streams end at once.${own}`,
    yes: "Revoke the token",
    danger: true,
    onYes: () => void state.revoke(token),
  };
}
