package reporter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"pipecd/pkg/model"
)

// Limits of one log's memory and of one message.
const (
	maxLine    = 16 << 10 // bytes of one entry
	maxLines   = 10_000   // entries that wait to be sent
	maxWaiting = 16 << 20 // bytes of the entries that wait
	batchLines = 1000
	batchBytes = 1 << 20 // a quarter of what gRPC servers accept by default
)

// buffer holds entries in order until they are sent. When it is full the oldest
// entry of its newer half goes, so that the beginning and the end stay.
type buffer struct {
	head, tail half
	dropped    int            // between head and tail
	first      model.LogBlock // the first of those
}

type half struct {
	blocks []model.LogBlock
	bytes  int
}

func (h *half) full() bool { return len(h.blocks) >= maxLines/2 || h.bytes >= maxWaiting/2 }

func (h *half) push(b model.LogBlock) {
	h.blocks = append(h.blocks, b)
	h.bytes += len(b.Log)
}

func (h *half) pop() model.LogBlock {
	b := h.blocks[0]
	h.blocks[0] = model.LogBlock{} // free the text
	h.blocks = h.blocks[1:]
	h.bytes -= len(b.Log)
	return b
}

// add appends an entry.
func (b *buffer) add(block model.LogBlock) {
	if len(b.tail.blocks) == 0 && b.dropped == 0 && !b.head.full() {
		b.head.push(block)
		return
	}
	for b.tail.full() {
		gone := b.tail.pop()
		if b.dropped == 0 {
			b.first = gone
		}
		b.dropped++
	}
	b.tail.push(block)
}

// take removes the oldest entries, as many as go into one message. more says
// whether some are left.
func (b *buffer) take() (blocks []model.LogBlock, more bool) {
	bytes := 0
	for len(blocks) < batchLines && bytes < batchBytes && b.refill() {
		block := b.head.pop()
		bytes += len(block.Log)
		blocks = append(blocks, block)
	}
	return blocks, b.len() > 0
}

// refill makes the newer half the older one when that is empty, with the mark
// for what is missing in front. It reports whether there is something to take.
func (b *buffer) refill() bool {
	if len(b.head.blocks) > 0 {
		return true
	}
	if b.dropped > 0 {
		mark := b.first
		mark.Severity = model.LogError
		mark.Log = fmt.Sprintf("… %d lines are missing here: the control plane could not be reached and the buffer was full …", b.dropped)
		b.head.push(mark)
		b.dropped, b.first = 0, model.LogBlock{}
		return true
	}
	b.head, b.tail = b.tail, half{}
	return len(b.head.blocks) > 0
}

// len returns how many entries wait, the mark included.
func (b *buffer) len() int {
	n := len(b.head.blocks) + len(b.tail.blocks)
	if b.dropped > 0 {
		n++
	}
	return n
}

// cut shortens a line that is too long and says so.
func cut(line string) string {
	line = strings.TrimRight(line, "\r\n")
	if len(line) <= maxLine {
		return line
	}
	mark := fmt.Sprintf(" … (cut: %d bytes in all)", len(line))
	end := maxLine - len(mark)
	for end > 0 && !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + mark
}
