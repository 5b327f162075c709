// The files of a session, and a preview of the chosen one.
import type { FileView } from "../../engine/view/types.ts";
import type { Preview } from "../../client/file_preview.ts";
import { Icon } from "../Icon.tsx";
import type { IconName } from "../icon_paths.ts";
import { size } from "../words.ts";

function iconOf(path: string): IconName {
  if (/\.(png|jpe?g|gif|webp|avif|svg)$/i.test(path)) return "file-image";
  if (/\.(ts|js|tsx|jsx|py|sh)$/i.test(path)) return "file-code";
  return /\.(json|ndjson)$/i.test(path) ? "braces" : "file-text";
}

/** The list beside the preview. */
export function FileList(props: {
  files: readonly FileView[];
  chosen: string | null;
  preview: Preview | null;
  href: (path: string) => string;
  /** Address of all of them as one archive. */
  zip: string;
  onChoose: (path: string) => void;
}) {
  const { files, chosen } = props;
  if (files.length === 0) {
    return <p class="meta" style="padding:18px 20px">No files yet. What a step writes appears here.</p>;
  }
  return (
    <div class="files-x">
      <div class="files-l">
        <a class="btn btn-xs btn-line zip" href={props.zip} download>
          <Icon name="download" size={14} />All as ZIP
        </a>
        <ul aria-label="Files">
          {files.map((file) => (
            <li key={file.file_path}>
              <button
                type="button"
                class={`fl${file.file_path === chosen ? " on" : ""}`}
                aria-pressed={file.file_path === chosen}
                onClick={() => props.onChoose(file.file_path)}
              >
                <Icon name={iconOf(file.file_path)} size={14} />
                <span class="mono t" title={file.file_path}>{file.file_path}</span>
                <span class="x">{size(file.size_bytes)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      <div class="files-p">
        {chosen !== null && (
          <div class="pane-h">
            <span class="mono t">{chosen}</span>
            <a class="btn btn-xs btn-line sp" href={props.href(chosen)} download={chosen.split("/").at(-1)}>
              <Icon name="download" size={14} />Download
            </a>
          </div>
        )}
        <Shown preview={props.preview} name={chosen ?? ""} />
      </div>
    </div>
  );
}

function Shown(props: { preview: Preview | null; name: string }) {
  const { preview } = props;
  switch (preview?.kind) {
    case undefined:
      return <p class="meta" style="padding:18px 20px">Choose a file to look at it.</p>;
    case "loading":
      return <p class="meta" style="padding:18px 20px" role="status">Loading {props.name}</p>;
    case "image":
      return (
        <div class="img-x">
          <img src={preview.src} alt={props.name} data-fresh-disable-lock />
        </div>
      );
    case "html":
      // Made safe by lib/client/file_preview.ts (FP1).
      // deno-lint-ignore react-no-danger
      return <div class="prose-x" dangerouslySetInnerHTML={{ __html: preview.html }} />;
    case "text":
      return (
        <pre class="text-x" tabIndex={0}>
          {preview.text}
          {preview.cut && <span class="faint cut">… the rest is in the download</span>}
        </pre>
      );
    case "none":
      return <p class="meta" style="padding:18px 20px">{preview.why}</p>;
    default:
      return preview satisfies never;
  }
}
