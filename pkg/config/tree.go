package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// nodeKind is the kind of a value in a document.
type nodeKind string

// The kinds; their texts are used in messages.
const (
	kindNull     nodeKind = "nothing"
	kindBool     nodeKind = "a boolean"
	kindInt      nodeKind = "an integer"
	kindFloat    nodeKind = "a number"
	kindString   nodeKind = "a string"
	kindMapping  nodeKind = "a mapping"
	kindSequence nodeKind = "a list"
)

// node is one value of a document. Nodes are not changed after they are built,
// so an alias shares the node of its anchor.
type node struct {
	at      position
	kind    nodeKind
	text    string // of a scalar, as a string
	plain   bool   // the scalar was not quoted
	integer int64
	float   float64 // also set for an integer
	entries []entry // of a mapping; no key twice
	items   []*node // of a sequence
	size    int     // nodes in this tree, aliases expanded
	height  int     // levels below this node
}

// entry is one key of a mapping.
type entry struct {
	key   string
	at    position // of the key
	value *node

	merged bool // it came in by "<<"
}

// treeBuilder turns the library's syntax tree into nodes.
type treeBuilder struct {
	*collector

	anchors map[string]*node
	total   int
	stopped bool // an error was reported that makes the tree useless
}

var floatPattern = regexp.MustCompile(`^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$`)

func (t *treeBuilder) fail(at position, path, message string) *Problem {
	t.stopped = true
	return t.report(SeverityError, at, path, message)
}

// build returns the node of n, which stands at path and depth.
func (t *treeBuilder) build(n ast.Node, path string, depth int) *node {
	if n == nil || t.stopped {
		return &node{kind: kindNull, size: 1}
	}
	at := positionOf(n)
	if depth > maxDepth {
		t.fail(at, "", fmt.Sprintf("the document is nested more than %d levels deep", maxDepth))
		return &node{at: at, kind: kindNull, size: 1}
	}
	switch v := n.(type) {
	case *ast.MappingNode:
		return t.mapping(at, v.Values, path, depth)
	case *ast.MappingValueNode:
		return t.mapping(at, []*ast.MappingValueNode{v}, path, depth)
	case *ast.SequenceNode:
		return t.sequence(v, path, depth)
	case *ast.AnchorNode:
		return t.anchor(v, path, depth)
	case *ast.AliasNode:
		return t.alias(v, path, depth)
	case *ast.TagNode:
		return t.tagged(v, path, depth)
	default:
		return t.counted(scalar(n, at), path)
	}
}

// counted adds a finished node to the document's total.
func (t *treeBuilder) counted(n *node, path string) *node {
	own := 1
	n.size += own
	for _, e := range n.entries {
		n.size += e.value.size
		n.height = max(n.height, e.value.height+1)
	}
	for _, item := range n.items {
		n.size += item.size
		n.height = max(n.height, item.height+1)
	}
	t.total += own
	if t.total > maxNodes {
		t.fail(n.at, path, fmt.Sprintf("the document has more than %d values", maxNodes))
	}
	return n
}

func (t *treeBuilder) sequence(v *ast.SequenceNode, path string, depth int) *node {
	n := &node{at: positionOf(v), kind: kindSequence}
	for i, item := range v.Values {
		n.items = append(n.items, t.build(item, indexPath(path, i), depth+1))
	}
	return t.counted(n, path)
}

// mapping builds a mapping. A key given twice is reported and its last value
// wins; "<<" merges mappings whose keys yield to the ones written out.
func (t *treeBuilder) mapping(at position, values []*ast.MappingValueNode, path string, depth int) *node {
	n := &node{at: at, kind: kindMapping}
	index := make(map[string]int, len(values))
	var merges []*ast.MappingValueNode
	for i, v := range values {
		if v.Key.Type() == ast.MergeKeyType {
			merges = append(merges, v)
			continue
		}
		key, keyAt := t.key(v.Key, path)
		if i == 0 {
			n.at = keyAt
		}
		field := fieldPath(path, key)
		e := entry{key: key, at: keyAt, value: t.build(v.Value, field, depth+1)}
		first, seen := index[key]
		if !seen {
			index[key] = len(n.entries)
			n.entries = append(n.entries, e)
			continue
		}
		t.report(SeverityWarning, keyAt, field, fmt.Sprintf(
			"the key is given twice, on line %d and on line %d; the last value is used", n.entries[first].at.line, keyAt.line)).
			hintf("delete one of them")
		n.entries[first] = e
	}
	for _, m := range merges {
		t.merge(n, index, m, path, depth)
	}
	return t.counted(n, path)
}

func (t *treeBuilder) merge(n *node, index map[string]int, m *ast.MappingValueNode, path string, depth int) {
	source := t.build(m.Value, path, depth+1)
	sources := []*node{source}
	if source.kind == kindSequence {
		sources = source.items
	}
	for _, s := range sources {
		if s.kind != kindMapping {
			if !t.stopped {
				t.report(SeverityError, positionOf(m.Value), path, "\"<<\" expects a mapping, found "+string(s.kind))
			}
			continue
		}
		for _, e := range s.entries {
			if _, seen := index[e.key]; seen {
				continue
			}
			index[e.key] = len(n.entries)
			e.merged = true
			n.entries = append(n.entries, e)
		}
	}
}

// key returns the text of a mapping's key.
func (t *treeBuilder) key(k ast.MapKeyNode, path string) (string, position) {
	var n ast.Node = k
	if wrapped, ok := k.(*ast.MappingKeyNode); ok && wrapped.Value != nil {
		n = wrapped.Value
	}
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType, ast.SequenceType, ast.AnchorType, ast.AliasType, ast.TagType:
		t.fail(positionOf(n), path, "expected a plain word as key, found something else")
		return "", positionOf(n)
	default:
		return scalar(n, position{}).text, positionOf(n)
	}
}

func (t *treeBuilder) anchor(v *ast.AnchorNode, path string, depth int) *node {
	n := t.build(v.Value, path, depth)
	if v.Name != nil {
		t.anchors[v.Name.GetToken().Value] = n
	}
	return n
}

// alias returns the node of the anchor. The expanded size counts, so that a few
// lines cannot stand for billions of values.
func (t *treeBuilder) alias(v *ast.AliasNode, path string, depth int) *node {
	at := positionOf(v)
	name := ""
	if v.Value != nil {
		name = v.Value.GetToken().Value
	}
	n, ok := t.anchors[name]
	if !ok {
		t.fail(at, path, "the alias *"+name+" has no anchor &"+name+" before it").
			hintf("a value that begins with * must be quoted")
		return &node{at: at, kind: kindNull, size: 1}
	}
	t.total += n.size
	if t.total > maxNodes || depth+n.height > maxDepth {
		t.fail(at, path, "the aliases of the document stand for too many values").
			hintf("at most %d values and %d levels are read", maxNodes, maxDepth)
	}
	return n
}

// tagged handles the standard tags: !!str keeps the text as a string, the
// others say what the value is anyway.
func (t *treeBuilder) tagged(v *ast.TagNode, path string, depth int) *node {
	n := t.build(v.Value, path, depth)
	switch tag := v.GetToken().Value; tag {
	case "!!str":
		if n.kind == kindMapping || n.kind == kindSequence {
			t.report(SeverityError, positionOf(v), path, "!!str expects a string, found "+string(n.kind))
			return n
		}
		return &node{at: n.at, kind: kindString, text: n.text, size: n.size}
	case "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return n
	default:
		t.report(SeverityError, positionOf(v), path, "the tag "+quote(tag)+" is not supported").hintf("remove it")
		return n
	}
}

// scalar returns the node of a scalar; kindNull for what it does not know.
func scalar(n ast.Node, at position) *node {
	out := &node{at: at, kind: kindNull, plain: true}
	if tk := n.GetToken(); tk != nil {
		out.text = tk.Value
	}
	switch v := n.(type) {
	case *ast.StringNode:
		out.kind, out.text = kindString, v.Value
		out.plain = v.Token == nil || (v.Token.Type != token.SingleQuoteType && v.Token.Type != token.DoubleQuoteType)
		out.readFloat()
	case *ast.LiteralNode:
		out.kind, out.plain, out.text = kindString, false, ""
		if v.Value != nil {
			out.text = v.Value.Value
		}
	case *ast.BoolNode:
		out.kind = kindBool
	case *ast.IntegerNode:
		out.readInteger(v.Value)
	case *ast.FloatNode:
		out.kind, out.float = kindFloat, v.Value
	case *ast.InfinityNode:
		out.kind, out.float = kindFloat, v.Value
	case *ast.NanNode:
		out.kind, out.float = kindFloat, math.NaN()
	default:
	}
	return out
}

// readFloat recognises the numbers that the library takes for strings, such as
// 1e3 and integers beyond 64 bits.
func (n *node) readFloat() {
	if !n.plain || !floatPattern.MatchString(n.text) {
		return
	}
	if f, err := strconv.ParseFloat(n.text, 64); err == nil {
		n.kind, n.float = kindFloat, f
	}
}

func (n *node) readInteger(value any) {
	switch v := value.(type) {
	case int64:
		n.kind, n.integer, n.float = kindInt, v, float64(v)
	case uint64:
		if v <= math.MaxInt64 {
			n.kind, n.integer, n.float = kindInt, int64(v), float64(v)
			return
		}
		n.kind, n.float = kindFloat, float64(v)
	default:
		n.kind = kindString
	}
}
