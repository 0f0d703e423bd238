package wiretest

import "google.golang.org/protobuf/encoding/protowire"

// Message is the table of a message.
type Message struct {
	Name   string
	Fields []Field
}

// Field is one row of a table.
type Field struct {
	Number protowire.Number
	Name   string
	Type   Type
	Rules  []Rule
}

// Rule is what is asked of a field of a request.
type Rule string

// The rules.
const (
	NotEmpty Rule = "string.min_len=1"
	Required Rule = "message.required=true"
	Defined  Rule = "enum.defined_only=true"
	Positive Rule = "int64.gt=0"
	Natural  Rule = "int64.gte=0"
	InDir    Rule = "string.pattern=^[^/].+$"
	OneOf    Rule = "in" // a few values of an enum or a string; neither 99 nor "?" is one
)

// Type is the type of a field.
type Type struct {
	kind    kind
	message *Message
	item    *Type // of a list, and of a map's values; keys are strings
}

type kind int

const (
	kindText kind = iota
	kindBytes
	kindNumber // int32, int64, uint32, bool and enums look the same
	kindMessage
	kindList
	kindMap
)

// Text is the type string.
func Text() Type { return Type{kind: kindText} }

// Bytes is the type bytes.
func Bytes() Type { return Type{kind: kindBytes} }

// Number is the type of all integers, booleans and enums, which look the same on
// the wire.
func Number() Type { return Type{kind: kindNumber} }

// Of is the type of a message.
func Of(m *Message) Type { return Type{kind: kindMessage, message: m} }

// List is the type of a repeated field. Lists of numbers are not supported.
func List(item Type) Type { return Type{kind: kindList, item: &item} }

// Map is the type of a map with text as keys.
func Map(item Type) Type { return Type{kind: kindMap, item: &item} }

// Table returns a message with the fields.
func Table(name string, fields ...Field) *Message { return &Message{Name: name, Fields: fields} }

// F returns a field.
func F(number protowire.Number, name string, t Type, rules ...Rule) Field {
	return Field{Number: number, Name: name, Type: t, Rules: rules}
}
