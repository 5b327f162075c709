import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { imagePath, previewKind } from "@/lib/client/file_preview.ts";

Deno.test("[FILE3] the kind of a preview follows from the end of the name, in any case", () => {
  const kinds = {
    image: ["a.png", "b/c.JPG", "d.jpeg", "e.gif", "f.webp", "g.avif", "h.svg"],
    markdown: ["report.md", "a/README.MARKDOWN"],
    text: ["a.txt", "b.csv", "c.json", "d.ndjson", "e.html", "f.yml", "g.yaml", "h.py", "i.ts", "j.jsx", "k.log"],
    none: ["a", "b.pdf", "c.png.zip", "d.exe", "png", "md", "e.", "f.svgz"],
  } as const;
  for (const [kind, paths] of Object.entries(kinds)) {
    for (const path of paths) assertEquals(previewKind(path), kind, path);
  }
});

Deno.test("[FILE2] an image lies beside its Markdown file, or at the top when it says so", () => {
  assertEquals(imagePath("report.md", "plot.png"), "plot.png");
  assertEquals(imagePath("out/a/report.md", "plot.png"), "out/a/plot.png");
  assertEquals(imagePath("out/a/report.md", "./x/../plot.png"), "out/a/plot.png");
  assertEquals(imagePath("out/a/report.md", "../plot.png"), "out/plot.png");
  assertEquals(imagePath("out/a/report.md", "/plot.png"), "plot.png");
  assertEquals(imagePath("out/report.md", "my%20plot.png?v=1#x"), "out/my plot.png");
});

Deno.test("[FILE2] an image that lies elsewhere is none: another host, a scheme, above the folder, nothing", () => {
  const elsewhere = [
    "https://example.org/a.png",
    "HTTP://example.org/a.png",
    "//example.org/a.png",
    "\\\\example.org\\a.png",
    "/\\example.org/a.png",
    "data:image/png;base64,AA",
    "javascript:alert(1)",
    "../../a.png",
    "/../a.png",
    "%2e%2e/%2e%2e/a.png",
    "%E0%A4%A",
    "",
    "#x",
    ".",
    "a/..",
    "a/",
  ];
  for (const src of elsewhere) assertEquals(imagePath("out/report.md", src), null, src);
});

Deno.test("[FILE2] whatever the Markdown says, the path stays inside the session's files", () => {
  const piece = fc.constantFrom("..", ".", "", "a", "%2e%2e", "%2F", "b.png", "%5C", "?", "#");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom("r.md", "x/r.md", "x/y/r.md"), (parts, file) => {
      const path = imagePath(file, parts.join("/"));
      if (path === null) return;
      assert(path !== "" && !path.startsWith("/"));
      assert(path.split("/").every((part) => part !== ".." && part !== "." && part !== ""), path);
    }),
    { seed: 7 },
  );
});
