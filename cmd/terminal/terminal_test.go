package terminal_test

import (
	"bytes"
	"testing"

	"pipecd/cmd/terminal"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	if got := terminal.Printable("a\x1b[31m\n\u009bb\x00日本"); got != "a[31m b日本" {
		t.Errorf("got %q", got)
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	if p := terminal.PaintFor(&bytes.Buffer{}, none); p.Status("SUCCESS") != "SUCCESS" || p.As(terminal.Red, "x") != "x" {
		t.Error("a file that is no terminal is coloured")
	}
	on := terminal.Paint(true)
	if got := on.Status("FAILURE"); got != "\x1b[31mFAILURE\x1b[0m" {
		t.Errorf("got %q", got)
	}
	if on.Status("v1") != "v1" || on.As(terminal.Faint, "") != "" {
		t.Error("what is no status, or nothing, is coloured")
	}
}
