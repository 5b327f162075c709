// The files of a session with the preview of the chosen one; a changed file is shown anew.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ClientError, filePath, zipPath } from "../lib/client/api.ts";
import { loadPreview, type Preview } from "../lib/client/file_preview.ts";
import type { FileView } from "../lib/engine/view/types.ts";
import { FileList } from "../lib/ui/session/FileList.tsx";

/** Reports and pictures come first when nothing was chosen yet. */
function firstChoice(files: readonly FileView[]): string | null {
  const best = files.find((file) => /\.md$/i.test(file.file_path)) ??
    files.find((file) => /\.(svg|png)$/i.test(file.file_path));
  return (best ?? files[0])?.file_path ?? null;
}

/** The files of a session. */
export default function FilesView(props: { session_id: string; files: readonly FileView[] }) {
  const picked = useSignal<string | null>(null);
  const chosen = picked.value ?? firstChoice(props.files);
  const preview = useSignal<Preview | null>(null);
  const file = props.files.find((one) => one.file_path === chosen);
  useEffect(() => {
    if (file === undefined) return;
    let current = true;
    preview.value = { kind: "loading" };
    loadPreview(props.session_id, { path: file.file_path, size_bytes: file.size_bytes }).then(
      (loaded) => current && (preview.value = loaded),
      (error) => {
        if (!(error instanceof ClientError)) throw error;
        if (current) preview.value = { kind: "none", why: error.message };
      },
    );
    return () => void (current = false);
  }, [file?.file_path, file?.updated_at, file?.size_bytes]);
  return (
    <FileList
      files={props.files}
      chosen={chosen}
      preview={preview.value}
      href={(path) => filePath(props.session_id, path)}
      zip={zipPath(props.session_id)}
      onChoose={(path) => picked.value = path}
    />
  );
}
