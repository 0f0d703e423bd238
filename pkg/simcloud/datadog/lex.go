package datadog

import (
	"fmt"
	"strings"
)

// kind of a token.
type kind int

const (
	end    kind = iota
	word        // a name, a number, a keyword
	braced      // the text between { and }
	symbol      // one of ( ) , . : + - * /
)

// token is a piece of the query with its place.
type token struct {
	kind kind
	text string
	at   int // byte offset
	stop int // byte offset after it
}

// syntaxError is where and why a query cannot be read.
type syntaxError struct {
	query string
	at    int
	why   string
}

// Error says what is wrong, with line and column from 1.
func (e *syntaxError) Error() string {
	before := e.query[:min(e.at, len(e.query))]
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndexByte(before, '\n')
	return fmt.Sprintf("Error parsing query: %s (line %d, column %d)", e.why, line, column)
}

// lex splits the query. Inside braces nothing is split: tags contain slashes,
// dots and hyphens.
func lex(query string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(query); {
		c := query[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '{':
			length := strings.IndexByte(query[i:], '}')
			if length < 0 {
				return nil, &syntaxError{query, i, "the brace is never closed"}
			}
			tokens = append(tokens, token{braced, query[i+1 : i+length], i, i + length + 1})
		case strings.IndexByte("(),.:+-*/", c) >= 0:
			tokens = append(tokens, token{symbol, string(c), i, i + 1})
		case isWord(c):
			stop := i
			for stop < len(query) && isWord(query[stop]) {
				stop++
			}
			tokens = append(tokens, token{word, query[i:stop], i, stop})
		default:
			return nil, &syntaxError{query, i, fmt.Sprintf("the character %q is not part of a query", c)}
		}
		i = tokens[len(tokens)-1].stop
	}
	return append(tokens, token{end, "", len(query), len(query)}), nil
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
