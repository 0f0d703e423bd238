package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on a document. They are far above what a person writes and low enough
// that the parser, whose time grows faster than its input, stays quick.
const (
	// MaxBytes is the largest document that is read.
	MaxBytes = 1 << 20

	maxLines      = 20_000
	maxTokens     = 20_000
	maxDepth      = 64
	maxNodes      = 100_000 // after aliases are expanded
	maxBlankRun   = 200     // empty lines in a row; in block scalars each costs the square
	maxBlankLines = 5_000
)

// position is a place in a document, 1-based.
type position struct {
	line, column int
}

// parse turns the text of one document into a tree. It returns nil after
// reporting why it could not.
func parse(c *collector, data []byte) *node {
	if len(data) > MaxBytes {
		c.report(SeverityError, position{}, "", fmt.Sprintf("the document has %d bytes; at most %d are read", len(data), MaxBytes))
		return nil
	}
	// A carriage return is a line break in YAML, alone or before a line feed.
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	body := parseText(c, text)
	if body == nil {
		return nil
	}
	t := &treeBuilder{collector: c, anchors: map[string]*node{}}
	root := t.build(body, "", 0)
	if t.stopped {
		return nil
	}
	return root
}

// parseText runs the YAML library. The library is fed hostile text, so its
// panics, should there be any, become a problem of the document.
func parseText(c *collector, text string) (body ast.Node) {
	defer func() {
		if r := recover(); r != nil {
			body = nil
			c.report(SeverityError, position{}, "", "this is not YAML that can be read").
				hintf("the parser gave up on it; look for unusual punctuation")
		}
	}()
	if at, why := tooLong(text); why != "" {
		c.report(SeverityError, at, "", why)
		return nil
	}
	tokens := lexer.Tokenize(text)
	if at, why := tooComplex(tokens); why != "" {
		c.report(SeverityError, at, "", why)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		reportSyntax(c, err)
		return nil
	}
	return onlyDocument(c, file)
}

// onlyDocument returns the one document of a file. Comments, directives and
// separators around it do not matter.
func onlyDocument(c *collector, file *ast.File) ast.Node {
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if body != nil {
			c.report(SeverityError, positionOf(doc.Body), "", "expected one document in the file, found another one").
				hintf("put each document into a file of its own")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		c.report(SeverityError, position{}, "", "expected "+cmp.Or(c.expects, "a document with apiVersion, kind and spec")+", found nothing")
	}
	return body
}

// reportSyntax reports what the library found, with its position.
func reportSyntax(c *collector, err error) {
	var at position
	message := err.Error()
	if positioned, ok := errors.AsType[yaml.Error](err); ok {
		message = positioned.GetMessage()
		if tk := positioned.GetToken(); tk != nil && tk.Position != nil {
			at = position{tk.Position.Line, tk.Position.Column}
		}
	}
	p := c.report(SeverityError, at, "", "this is not valid YAML: "+message)
	switch message {
	case "mapping value is not allowed in this context":
		p.hintf("check the indentation of this line, and quote a value that contains \": \"")
	case "unexpected scalar value type", "undefined alias name":
		p.hintf("check the punctuation here; a value that begins with *, & or ! must be quoted")
	}
}

// tooComplex looks for what would cost the parser too much time or stack:
// too many tokens, or nesting on one line (nesting by indentation is bounded by
// the size of the document).
func tooComplex(tokens token.Tokens) (position, string) {
	if len(tokens) > maxTokens {
		return tokenPosition(tokens[maxTokens]), fmt.Sprintf("the document has more than %d words and signs", maxTokens)
	}
	flow, run, line := 0, 0, 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType, token.MappingValueType:
			if tk.Position != nil && tk.Position.Line != line {
				line, run = tk.Position.Line, 0
			}
			if flow == 0 {
				run++
			}
		default:
		}
		if flow > maxDepth || run > maxDepth {
			return tokenPosition(tk), fmt.Sprintf("the document is nested more than %d levels deep", maxDepth)
		}
	}
	return position{}, ""
}

// tooLong looks for more lines, or more empty lines in a row, than the lexer
// handles in a short time.
func tooLong(text string) (position, string) {
	number, run, blank := 0, 0, 0
	for line := range strings.Lines(text) {
		number++
		run++
		if strings.TrimSpace(line) != "" {
			run = 0
		} else {
			blank++
		}
		switch {
		case number > maxLines:
			return position{number, 1}, fmt.Sprintf("the document has more than %d lines", maxLines)
		case run > maxBlankRun, blank > maxBlankLines:
			return position{number, 1}, fmt.Sprintf("the document has more than %d empty lines in a row, or %d in all", maxBlankRun, maxBlankLines)
		}
	}
	return position{}, ""
}

func positionOf(n ast.Node) position {
	return tokenPosition(n.GetToken())
}

func tokenPosition(tk *token.Token) position {
	if tk == nil || tk.Position == nil {
		return position{}
	}
	return position{tk.Position.Line, tk.Position.Column}
}
