package sqldb

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// position is the sort key of a list's row: where the next page begins after.
type position struct {
	At  int64  // microseconds; 0 in lists sorted by Key alone
	Key string // the id, or the name
}

// sumSize is how many bytes of a hash over the list, its filter and the
// position a cursor begins with. They tell a cursor of another list and a
// damaged one from a good one; they are no secret, and need not be: a cursor
// gives no access that the filter does not give.
const sumSize = 8

// cursorOf returns the opaque form of p in the list.
func cursorOf(list string, p position) string {
	payload, err := binary.Append(nil, binary.BigEndian, p.At)
	if err != nil { // an int64 has a size
		return ""
	}
	payload = append(payload, p.Key...)
	return base64.RawURLEncoding.EncodeToString(append(cursorSum(list, payload), payload...))
}

// parseCursor is the inverse of cursorOf.
func parseCursor(list, cursor string) (position, error) {
	const header = sumSize + 8
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < header || len(b) > header+model.MaxNameLength ||
		subtle.ConstantTimeCompare(b[:sumSize], cursorSum(list, b[sumSize:])) != 1 {
		return position{}, model.Errorf(model.CodeInvalid, "the page cursor does not belong to this list; start again from the first page")
	}
	p := position{Key: string(b[header:])}
	if _, err := binary.Decode(b[sumSize:header], binary.BigEndian, &p.At); err != nil {
		return position{}, model.Wrap(model.CodeInvalid, err, "reading the page cursor")
	}
	return p, nil
}

func cursorSum(list string, payload []byte) []byte {
	h := sha256.New()
	h.Write([]byte(list))
	h.Write([]byte{0})
	h.Write(payload)
	return h.Sum(nil)[:sumSize]
}

// listID names a list and its filter, so that a cursor works with that list only.
func listID(name string, filter any) (string, error) {
	b, err := json.Marshal(filter) // map keys come out sorted
	if err != nil {
		return "", model.Wrap(model.CodeInternal, err, "encoding the filter of "+name)
	}
	return name + string(b), nil
}

// pageSize returns how many rows page asks for.
func pageSize(page datastore.Page) (int, error) {
	switch {
	case page.Size == 0:
		return datastore.DefaultPageSize, nil
	case page.Size < 0 || page.Size > datastore.MaxPageSize:
		return 0, model.Errorf(model.CodeInvalid, "a page has 1 to %d rows, not %d", datastore.MaxPageSize, page.Size)
	default:
		return page.Size, nil
	}
}
