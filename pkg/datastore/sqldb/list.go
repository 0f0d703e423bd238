package sqldb

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pipecd/pkg/datastore"
)

// maxPageBytes ends a page early when its documents are large, so that one page
// never needs more memory than a few of the largest documents.
const maxPageBytes = 8 << 20

// condition is a part of a WHERE clause.
type condition struct {
	sql  string
	args []any
}

// conditions collects parts that must all hold.
type conditions []condition

func (c *conditions) add(sql string, args ...any) { *c = append(*c, condition{sql, args}) }

// addIf adds "column = value" unless value is zero, which does not narrow.
func addIf[T comparable](c *conditions, column string, value T) {
	var zero T
	if value != zero {
		c.add(column+" = ?", value)
	}
}

// addContains adds that column contains part, ASCII letters in any case. The
// database folds both sides alike, whatever else it knows about letters (MySQL
// folds all of them, SQLite no others).
func addContains(c *conditions, column, part string) {
	if part != "" {
		c.add("INSTR(LOWER("+column+"), LOWER(?)) > 0", part)
	}
}

// addIn adds that column has one of the values, unless there are none.
func addIn[T ~int32 | ~string](c *conditions, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = plain(v)
	}
	c.add(column+" IN ("+marks(len(args))+")", args...)
}

// plain returns v as an argument: drivers know no named types.
func plain[T ~int32 | ~string](v T) any {
	if n := reflect.ValueOf(v); n.CanInt() {
		return n.Int()
	}
	return string(v)
}

// set returns the values in order and each once.
func set[T cmp.Ordered](values []T) []T { return slices.Compact(slices.Sorted(slices.Values(values))) }

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func (c conditions) clause() (string, []any) {
	if len(c) == 0 {
		return "", nil
	}
	parts, args := make([]string, len(c)), []any{}
	for i, part := range c {
		parts[i] = part.sql
		args = append(args, part.args...)
	}
	return " WHERE " + strings.Join(parts, " AND "), args
}

// branch is one index range of a list. A list with several (one for each
// status, say) merges them; each reads no more keys than the page has rows.
type branch struct {
	from  string // tables
	id    string // column of the row's id
	at    string // column of the time the list is sorted by, "" for lists that have none
	key   string // column that breaks ties, or orders alone
	where conditions
}

// listing is a list to be read one page at a time.
type listing struct {
	name      string // names the list in cursors
	filter    any    // what narrows it, for the cursor
	branches  []branch
	ascending bool // oldest first
	// direct reads documents together with their keys. It is for one branch on the
	// entity's own table whose index range alone narrows it: then nothing is read
	// in vain, and the database plans less.
	direct bool
	page   datastore.Page
}

// pageRead is one page of a listing.
type pageRead struct {
	listing

	size  int
	after *position // nil for the first page
}

// keys returns the subquery that finds the keys of the page's rows and of one more.
func (l *pageRead) keys() (string, []any) {
	parts, args := make([]string, 0, len(l.branches)), []any(nil)
	for _, b := range l.branches {
		where := slices.Clone(b.where)
		if l.after != nil {
			where = append(where, l.beyond(b, *l.after))
		}
		clause, a := where.clause()
		at, order := "0", b.key+l.direction()
		if b.at != "" {
			at, order = b.at, b.at+l.direction()+", "+order
		}
		parts = append(parts, fmt.Sprintf("SELECT id, sort_at, sort_key FROM (SELECT %s AS id, %s AS sort_at, %s AS sort_key FROM %s%s ORDER BY %s LIMIT %d) b%d",
			b.id, at, b.key, b.from, clause, order, l.size+1, len(parts)))
		args = append(args, a...)
	}
	if len(parts) == 1 {
		return parts[0], args
	}
	// Merge the keys before any document is read.
	return fmt.Sprintf("SELECT id, sort_at, sort_key FROM (%s) u ORDER BY sort_at%s, sort_key%s LIMIT %d",
		strings.Join(parts, " UNION ALL "), l.direction(), l.direction(), l.size+1), args
}

// beyond is the condition for rows after p. It is spelled out because MySQL
// finds no index range for a comparison of tuples.
func (l *listing) beyond(b branch, p position) condition {
	op := "<"
	if l.ascending {
		op = ">"
	}
	if b.at == "" {
		return condition{b.key + " " + op + " ?", []any{p.Key}}
	}
	return condition{
		fmt.Sprintf("%s %s= ? AND (%s %s ? OR %s %s ?)", b.at, op, b.at, op, b.key, op),
		[]any{p.At, p.At, p.Key},
	}
}

func (l *listing) direction() string {
	if l.ascending {
		return ""
	}
	return " DESC"
}

// list reads one page and returns it with the cursor of the next, "" at the end.
func (e *entity[M, R]) list(ctx context.Context, s *Store, l listing) ([]*M, string, error) {
	size, err := pageSize(l.page)
	if err != nil {
		return nil, "", err
	}
	list, err := listID(l.name, l.filter)
	if err != nil {
		return nil, "", err
	}
	read := pageRead{listing: l, size: size}
	if l.page.Cursor != "" {
		p, err := parseCursor(list, l.page.Cursor)
		if err != nil {
			return nil, "", err
		}
		read.after = &p
	}
	found, err := e.fetch(ctx, s, read)
	if err != nil {
		return nil, "", s.coded(ctx, err, "listing "+l.name)
	}
	values := make([]*M, len(found.rows))
	for i, row := range found.rows {
		if values[i], err = e.toModel(row); err != nil {
			return nil, "", err
		}
	}
	if !found.more {
		return values, "", nil
	}
	return values, cursorOf(list, found.last), nil
}

type fetched[R any] struct {
	rows []*R
	last position // of the last row
	more bool     // rows follow
}

// fetch reads the rows of the page.
func (e *entity[M, R]) fetch(ctx context.Context, s *Store, page pageRead) (found fetched[R], err error) {
	query, args := e.pageQuery(page)
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return found, err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	bytes := 0
	for rows.Next() {
		if len(found.rows) == page.size || bytes > maxPageBytes {
			found.more = true
			return found, nil
		}
		row := new(R)
		fields := e.fields(row)
		if err := rows.Scan(append(fields, &found.last.At, &found.last.Key)...); err != nil {
			return found, err
		}
		bytes += textBytes(fields)
		found.rows = append(found.rows, row)
	}
	return found, rows.Err()
}

// pageQuery joins the rows to their keys.
func (e *entity[M, R]) pageQuery(l pageRead) (string, []any) {
	columns := e.selection()
	if l.direct {
		return e.directQuery(l)
	}
	keys, args := l.keys()
	return fmt.Sprintf("SELECT %s, k.sort_at, k.sort_key FROM (%s) k JOIN %s t ON t.id = k.id %s ORDER BY k.sort_at%s, k.sort_key%s LIMIT %d",
		columns, keys, e.table, e.join, l.direction(), l.direction(), l.size+1), args
}

// directQuery reads the rows in the order of the index.
func (e *entity[M, R]) directQuery(l pageRead) (string, []any) {
	b := l.branches[0]
	where := slices.Clone(b.where)
	if l.after != nil {
		where = append(where, l.beyond(b, *l.after))
	}
	clause, args := where.clause()
	return fmt.Sprintf("SELECT %s, %s, %s FROM %s t %s%s ORDER BY %s%s, %s%s LIMIT %d",
		e.selection(), b.at, b.key, e.table, e.join, clause, b.at, l.direction(), b.key, l.direction(), l.size+1), args
}

func textBytes(fields []any) int {
	n := 0
	for _, f := range fields {
		if s, ok := f.(*string); ok {
			n += len(*s)
		}
	}
	return n
}
