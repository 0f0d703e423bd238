package sqldb

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pipecd/pkg/model"
)

// movedTable says how the rows of a table leave the database and come back.
type movedTable struct {
	name    string
	key     int // so many of the columns, from the first, are the primary key; all of text
	columns []string
	values  func() []any // pointers to new values of the columns
}

// movedTables returns all tables that hold state, each after those that it
// refers to.
func movedTables() []movedTable {
	return []movedTable{
		movedEntity(projects()),
		movedEntity(pipeds()),
		{"piped_seen", 1, []string{"piped_id", "seen_at"}, func() []any { return []any{new(string), new(int64)} }},
		{"leases", 1, []string{"piped_id", "epoch", "instance_id", "host", "expires_at", "released"}, func() []any {
			return []any{new(string), new(int64), new(string), new(string), new(int64), new(bool)}
		}},
		movedEntity(applications()),
		movedLabels(applicationLabels()),
		movedEntity(deployments()),
		movedLabels(deploymentLabels()),
		movedEntity(chains()),
		movedEntity(commands()),
		movedEntity(events()),
		{"suggestions", 1, []string{"piped_id", "project_id", "document"}, func() []any { return []any{new(string), new(string), new(string)} }},
		{"stage_log_journal", 2, []string{"log", "name", "last_index", "bytes", "waits", "added_at", "content"}, func() []any {
			return []any{new(string), new(string), new(int64), new(int64), new(int32), new(int64), new([]byte)}
		}},
		{"ended_sessions", 1, []string{"id", "expires_at"}, func() []any { return []any{new(string), new(int64)} }},
	}
}

func movedEntity[M, R any](e *entity[M, R]) movedTable {
	return movedTable{e.table, 1, append(slices.Clone(e.columns), "version"), func() []any {
		return append(e.fields(new(R))[:len(e.columns):len(e.columns)], new(int64))
	}}
}

func movedLabels(l labelTable) movedTable {
	return movedTable{l.name, 2, []string{"owner_id", "label", "project_id", "sort_at"}, func() []any { //nolint:mnd // both form the key
		return []any{new(string), new(string), new(string), new(int64)}
	}}
}

// encode returns the row as a JSON object whose fields are the columns.
func (t movedTable) encode(values []any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, column := range t.columns {
		if i > 0 {
			out.WriteByte(',')
		}
		value, err := json.Marshal(portable(values[i]))
		if err != nil {
			return nil, model.Wrap(model.CodeInternal, err, "encoding a row of "+t.name)
		}
		fmt.Fprintf(&out, "%q:%s", column, value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// portable returns a value as JSON has it: the database's NULL is its null.
func portable(value any) any {
	switch v := value.(type) {
	case *sql.NullString:
		if !v.Valid {
			return nil
		}
		return v.String
	case *[]byte:
		return append([]byte{}, *v...) // SQLite's driver gives nil for empty bytes, which would come back as NULL
	default:
		return value
	}
}

// decode is the inverse of encode. A column that is not in the object, because
// an earlier program wrote it, has its zero value.
func (t movedTable) decode(data []byte) ([]any, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, model.Errorf(model.CodeInvalid, "a row of %s is no JSON object: %w", t.name, err)
	}
	values := t.values()
	for i, column := range t.columns {
		raw, ok := fields[column]
		delete(fields, column)
		if !ok {
			continue
		}
		if err := decodeValue(raw, values[i]); err != nil {
			return nil, model.Errorf(model.CodeInvalid, "the field %s of a row of %s cannot be read: %w", column, t.name, err)
		}
	}
	for column := range fields {
		return nil, model.Errorf(model.CodeInvalid, "this program knows no field %s of %s; a newer pipecd wrote it", column, t.name)
	}
	return values, nil
}

func decodeValue(raw json.RawMessage, into any) error {
	text, ok := into.(*sql.NullString)
	if !ok {
		return json.Unmarshal(raw, into)
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	if value != nil {
		*text = sql.NullString{String: *value, Valid: true}
	}
	return nil
}

// pageSQL reads the rows whose key comes after the last one, nil for the first.
func (t movedTable) pageSQL(last []any, limit int) query {
	list := strings.Join(t.columns, ", ")
	order := strings.Join(t.columns[:t.key], ", ")
	q := query{sql: "SELECT " + list + " FROM " + t.name}
	switch {
	case last == nil:
	case t.key == 1:
		q.sql += " WHERE " + t.columns[0] + " > ?"
		q.args = last
	default: // spelled out because MySQL finds no index range for a comparison of tuples
		q.sql += fmt.Sprintf(" WHERE %[1]s >= ? AND (%[1]s > ? OR %[2]s > ?)", t.columns[0], t.columns[1])
		q.args = []any{last[0], last[0], last[1]}
	}
	q.sql += fmt.Sprintf(" ORDER BY %s LIMIT %d", order, limit)
	return q
}
