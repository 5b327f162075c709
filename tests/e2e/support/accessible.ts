// What axe-core finds wrong with a page, by the rules of WCAG 2.0 to 2.2, levels A and AA.
import axe from "axe-core";
import type { Page } from "playwright-core";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

interface Finding {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** The violations of a page as it stands, in words. */
export async function violations(page: Page): Promise<string[]> {
  // By evaluation, not by a script tag: the page's own policy lets no foreign script in.
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe.source);
  const found = await page.evaluate(
    (values) =>
      (globalThis as unknown as { axe: { run(options: unknown): Promise<{ violations: Finding[] }> } }).axe.run({
        runOnly: { type: "tag", values },
        resultTypes: ["violations"],
      }).then((result) => result.violations),
    TAGS,
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`)
  );
}
