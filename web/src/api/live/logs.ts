import type { LogBlock } from '~/gen/model/model_pb'
import type { LogPart } from '~/gen/pipecd/web/v1/subscribe_pb'

// StageLog gathers the blocks of one log in order, whatever way and however
// often they come. The array is replaced, never changed, when blocks are added.
export interface StageLog {
  readonly blocks: readonly LogBlock[]
  readonly completed: boolean
}

export const emptyLog: StageLog = { blocks: [], completed: false }

// foldLog adds a part. Blocks that are there already are dropped, a late one is
// put in its place. It returns the same log when nothing is new.
export function foldLog(log: StageLog, part: Pick<LogPart, 'blocks' | 'completed'>): StageLog {
  const completed = log.completed || part.completed
  const added = foldBlocks(log.blocks, part.blocks)
  if (added === log.blocks && completed === log.completed) return log
  return { blocks: added, completed }
}

function foldBlocks(blocks: readonly LogBlock[], part: readonly LogBlock[]): readonly LogBlock[] {
  const last = blocks.at(-1)?.index ?? -1n
  const ascending = part.every((b, i) => b.index > (part[i - 1]?.index ?? last))
  if (part.length === 0) return blocks
  if (ascending) return blocks.concat(part) // nearly always
  const byIndex = new Map<bigint, LogBlock>()
  for (const b of blocks) byIndex.set(b.index, b)
  const before = byIndex.size
  for (const b of part) if (!byIndex.has(b.index)) byIndex.set(b.index, b)
  if (byIndex.size === before) return blocks
  return [...byIndex.values()].sort((a, b) => (a.index < b.index ? -1 : 1))
}

// nextIndex is where a log is to be continued.
export function nextIndex(log: StageLog): bigint {
  const last = log.blocks.at(-1)
  return last ? last.index + 1n : 0n
}
