// A text of an agent as paragraphs and blocks of code; everything of it is text.
import { pieces, type Span } from "./prose_pieces.ts";

function Shown(props: { span: Span }) {
  const { tone, text } = props.span;
  if (tone === "strong") return <b>{text}</b>;
  return tone === "code" ? <code class="mono">{text}</code> : <>{text}</>;
}

/** The text. */
export function Prose(props: { text: string }) {
  return (
    <div class="said">
      {pieces(props.text).map((piece, i) =>
        piece.kind === "code"
          ? <pre key={i} class="code" tabIndex={0}>{piece.text}</pre>
          : <p key={i} class="pre dense">{piece.spans.map((span, n) => <Shown key={n} span={span} />)}</p>
      )}
    </div>
  );
}
