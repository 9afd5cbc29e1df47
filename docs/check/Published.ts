/** The READMEs that are published with packages. A registry shows them apart from our files, so they name no region themselves. */

/** The regions of a document's code, in the order of its fences. */
export const regions: Readonly<Record<string, ReadonlyArray<string>>> = {
  "packages/core/README.md": ["docs/snippets/packages/core.ts#example"],
  "packages/dashboard/README.md": ["docs/snippets/packages/dashboard.ts#example"],
  "packages/outbox/README.md": ["docs/snippets/packages/outbox.ts#example"],
  "packages/planner/README.md": ["docs/snippets/packages/planner.ts#example"],
  "packages/providers/README.md": ["docs/snippets/packages/providers.ts#example"],
  "packages/simulator/README.md": ["docs/snippets/packages/simulator.ts#example"]
}
