export interface Label {
  readonly key: string
  readonly value: string
}

// labelOf reads "key:value"; undefined when it is not one.
export function labelOf(text: string): Label | undefined {
  const at = text.indexOf(':')
  const [key, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()]
  return at > 0 && key !== '' && value !== '' ? { key, value } : undefined
}

// labelsOf are labels as the control plane is asked for them.
export function labelsOf(texts: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries((texts ?? []).flatMap(text => labelOf(text) ?? []).map(l => [l.key, l.value]))
}

// withLabel adds a label; another value of the same key takes its place, since
// an application has one.
export function withLabel(labels: readonly string[], label: Label): string[] {
  return [...labels.filter(l => labelOf(l)?.key !== label.key), `${label.key}:${label.value}`]
}
