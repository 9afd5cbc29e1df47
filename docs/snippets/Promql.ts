/** What a PromQL expression asks for, by Prometheus's own grammar: a wrong name or label is found before Grafana shows nothing. */
import { parser } from "@prometheus-io/lezer-promql"
import type { SyntaxNode } from "@lezer/common"

/** Of each metric its labels, and of each label its values. */
export type Scrape = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>

/** Reads what Prometheus is sent. */
export const scrapeOf = (text: string): Scrape => {
  const scrape = new Map<string, Map<string, Set<string>>>()
  for (const [, name = "", labels = ""] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)) {
    const known = scrape.get(name) ?? new Map<string, Set<string>>()
    scrape.set(name, known)
    for (const [, label = "", value = ""] of labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
      known.set(label, (known.get(label) ?? new Set()).add(value))
    }
  }
  return scrape
}

/** What is wrong with an expression of a dashboard, whose variables stand for what Grafana fills in. */
export const problemsOf = (expression: string, scrape: Scrape): ReadonlyArray<string> => {
  const source = expression.replaceAll("$__rate_interval", "5m")
  const problems: Array<string> = []
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }) => source.slice(from, to)
  const root = parser.parse(source).topNode
  for (const node of nodesOf(root)) {
    if (node.type.isError) problems.push(`syntax at ${node.from}: ${source}`)
    if (node.name === "VectorSelector") {
      const name = node.getChild("Identifier")
      const labels = name && scrape.get(textOf(name))
      if (!labels) problems.push(`no metric ${name ? textOf(name) : textOf(node)}`)
      for (const matcher of matchersOf(node)) {
        const label = matcher.getChild("LabelName")
        const values = label && labels?.get(textOf(label))
        const value = matcher.getChild("StringLiteral")
        if (labels && !values) problems.push(`no label ${label ? textOf(label) : textOf(matcher)} of ${textOf(node)}`)
        const told = value ? textOf(value).slice(1, -1) : ""
        if (values && !told.includes("$") && !values.has(told)) problems.push(`no value ${told} in ${textOf(node)}`)
      }
    }
    if (node.name === "GroupingLabels") {
      const grouped = node.parent?.parent
      const selected = grouped ? [...nodesOf(grouped)].filter(({ name }) => name === "VectorSelector") : []
      for (const label of node.getChildren("LabelName")) {
        const isKnown = selected.every((selector) => {
          const name = selector.getChild("Identifier")
          return name !== null && scrape.get(textOf(name))?.has(textOf(label)) === true
        })
        if (!isKnown || selected.length === 0) problems.push(`no label ${textOf(label)} to group by in ${source}`)
      }
    }
  }
  return problems
}

const matchersOf = (selector: SyntaxNode): ReadonlyArray<SyntaxNode> =>
  selector.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []

function* nodesOf(node: SyntaxNode): Generator<SyntaxNode> {
  yield node
  for (let child = node.firstChild; child; child = child.nextSibling) yield* nodesOf(child)
}
