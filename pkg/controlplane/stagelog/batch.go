package stagelog

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"pipecd/pkg/model"
)

// line is one entry as it is stored.
type line struct {
	Index    int64             `json:"i"`
	Log      string            `json:"l"`
	Severity model.LogSeverity `json:"s,omitempty"`
	Seconds  int64             `json:"t"` // since 1970
}

const cutMark = " … (the line was cut here: it was too long)"

// normalize returns the entries by index without repeats, and cuts lines that
// are too long. It does not change blocks.
func normalize(blocks []model.LogBlock) []model.LogBlock {
	out := inOrder(slices.Clone(blocks))
	for i := range out {
		if len(out[i].Log) > MaxLineLength {
			out[i].Log = string(bytes.ToValidUTF8([]byte(out[i].Log[:MaxLineLength]), nil)) + cutMark
		}
	}
	return out
}

// inOrder sorts the entries by index, in place, and keeps of those with one index
// the first.
func inOrder(blocks []model.LogBlock) []model.LogBlock {
	slices.SortStableFunc(blocks, func(a, b model.LogBlock) int { return cmp.Compare(a.Index, b.Index) })
	return slices.CompactFunc(blocks, func(a, b model.LogBlock) bool { return a.Index == b.Index })
}

// encode returns the batch's name and content. blocks are not empty and by index.
func encode(blocks []model.LogBlock) (batchName, []byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, b := range blocks {
		l := line{Index: b.Index, Log: b.Log, Severity: b.Severity, Seconds: b.CreatedAt.Unix()}
		if err := enc.Encode(l); err != nil {
			return batchName{}, nil, model.Wrap(model.CodeInternal, err, "encoding a stage's log")
		}
	}
	sum := sha256.Sum256(buf.Bytes())
	return batchName{
		first:  blocks[0].Index,
		last:   blocks[len(blocks)-1].Index,
		lines:  len(blocks),
		bytes:  size(blocks),
		digest: hex.EncodeToString(sum[:8]),
	}, buf.Bytes(), nil
}

func size(blocks []model.LogBlock) int {
	n := 0
	for _, b := range blocks {
		n += len(b.Log)
	}
	return n
}

// decode is the inverse of encode. A line that cannot be read is left out: the
// rest of the log is still worth showing.
func decode(content []byte) []model.LogBlock {
	var out []model.LogBlock
	sc := bufio.NewScanner(bytes.NewReader(content))
	sc.Buffer(nil, len(content)+1)
	for sc.Scan() {
		var l line
		if json.Unmarshal(sc.Bytes(), &l) == nil {
			out = append(out, model.LogBlock{
				Index: l.Index, Log: l.Log, Severity: l.Severity, CreatedAt: time.Unix(l.Seconds, 0).UTC(),
			})
		}
	}
	return out
}
