package model

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
)

func TestErrors(t *testing.T) {
	t.Parallel()

	if Wrap(CodeInternal, nil, "doing") != nil || CodeOf(nil) != "" || IsRetryable(nil) {
		t.Error("nil is not nil")
	}
	one := Errorf(CodeNotFound, "file %s: %w", "x", fs.ErrNotExist)
	two := Errorf(CodeInvalid, "%w and %w", io.EOF, fs.ErrExist)
	for _, tc := range []struct {
		err  error
		code Code
		text string
		is   []error
	}{
		{io.EOF, CodeInternal, "EOF", []error{io.EOF}},
		{one, CodeNotFound, "file x: file does not exist", []error{fs.ErrNotExist}},
		{two, CodeInvalid, "EOF and file already exists", []error{io.EOF, fs.ErrExist}},
		{fmt.Errorf("outer: %w", one), CodeNotFound, "outer: file x: file does not exist", []error{fs.ErrNotExist}},
		{Wrap(CodeUnavailable, one, "reading"), CodeUnavailable, "reading: file x: file does not exist", []error{one, fs.ErrNotExist}},
		{Wrap(CodeInvalid, io.EOF, ""), CodeInvalid, "EOF", []error{io.EOF}},
		{Errorf(CodeInvalid, "plain"), CodeInvalid, "plain", nil},
	} {
		if CodeOf(tc.err) != tc.code || tc.err.Error() != tc.text {
			t.Errorf("got %q %q, want %q %q", CodeOf(tc.err), tc.err, tc.code, tc.text)
		}
		for _, target := range tc.is {
			if !errors.Is(tc.err, target) {
				t.Errorf("%q is not %q", tc.err, target)
			}
		}
	}
	for _, code := range []Code{
		CodeInvalid, CodeNotFound, CodeAlreadyExists, CodeFailedPrecondition, CodeUnauthenticated, CodePermissionDenied,
		CodeFenced, CodeExhausted, CodeUnavailable, CodeUnimplemented, CodeInternal,
	} {
		want := code == CodeExhausted || code == CodeUnavailable
		if IsRetryable(Errorf(code, "x")) != want {
			t.Errorf("%s: retryable %v", code, !want)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()

	// Pinned: another version of the agent must derive the same ids.
	for got, want := range map[string]string{
		DeploymentIDForCommand("a", "c"):     "c997724c-5ca8-5df8-8a0a-b3be25ff57bf",
		DeploymentIDForCommit("a", "h", "p"): "28395238-5a64-5cd7-b25f-01bc58919c23",
		StepToken("d", "s", "register"):      "4a868951-1489-5ee7-8b1f-6b1adfda26e3",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	seen := map[string]int{}
	for i, id := range []string{
		DeploymentIDForCommand("a", "bc"), DeploymentIDForCommand("ab", "c"),
		DeploymentIDForCommit("a", "bc", ""), DeploymentIDForCommit("ab", "c", ""), DeploymentIDForCommit("a", "b", "c"), DeploymentIDForCommit("a", "bc", "x"),
		StepToken("a", "b", "c"), StepToken("a", "bc", ""), StepToken("ab", "", "c"), NewID(), NewID(),
	} {
		if other, ok := seen[id]; ok {
			t.Errorf("%d and %d are the same id %s", other, i, id)
		}
		seen[id] = i
		if len(id) != 36 {
			t.Errorf("%q is no UUID", id)
		}
	}
}
