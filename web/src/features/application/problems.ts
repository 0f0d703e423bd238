// Problem is one line of what an agent found wrong with the files in Git.
export interface Problem {
  readonly file: string
  readonly line: number | undefined
  readonly column: number | undefined
  readonly field: string
  readonly message: string
  readonly hint: string
}

// "app.pipecd.yaml:12:5: spec.pipeline.stages[0].with.scale: expected … (what to do)"
const placed = /^(?<file>[^\s:][^:]*):(?<line>\d+):(?<column>\d+): (?<rest>.*)$/s
const inFile = /^(?<file>[^\s:]+\.(?:ya?ml|json)): (?<rest>.*)$/s
const ofField = /^(?<field>[A-Za-z_][\w-]*(?:\[\d+\])?(?:\.[\w-]+(?:\[\d+\])?)*): (?<rest>.*)$/s
const hinted = /^(?<message>.+) \((?<hint>[^()]+(?:\([^()]*\)[^()]*)*)\)$/s

// problemsOf reads a reason as agents write it, one problem in a line. What is
// not of that form stays one problem with its words.
export function problemsOf(reason: string): Problem[] {
  return reason
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(problemOf)
}

function problemOf(text: string): Problem {
  const place = (placed.exec(text) ?? inFile.exec(text))?.groups
  const rest = place?.rest ?? text
  const field = place ? ofField.exec(rest)?.groups : undefined
  const words = field?.rest ?? rest
  const hint = hinted.exec(words)?.groups
  return {
    file: place?.file ?? '',
    line: place?.line ? Number(place.line) : undefined,
    column: place?.column ? Number(place.column) : undefined,
    field: field?.field ?? '',
    message: hint?.message ?? words,
    hint: hint?.hint ?? '',
  }
}

// commitOf finds the commit in "At 1234567: …".
export function commitOf(shortReason: string): string {
  return /^At ([0-9a-f]{7,40}): /.exec(shortReason)?.[1] ?? ''
}
