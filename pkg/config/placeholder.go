package config

import (
	"regexp"
	"slices"
)

// placeholder is what examples have where something is to be filled in: words
// in <brackets> or ‹brackets›. Slack's mentions, such as <!here>, are none.
var placeholder = regexp.MustCompile(`‹[^‹›\n]+›|<[^<>\s!@#][^<>\n]*>`)

// Placeholders is a Check for a document that is looked at before everything in
// it is known. A value with something that is still to be filled in gets one
// warning, instead of what else is wrong with the value. It is the last check.
func Placeholders[T any](_ *T, r *Report) {
	for path, m := range r.seen {
		if m.value.kind != kindString || !placeholder.MatchString(m.value.text) {
			continue
		}
		r.list = slices.DeleteFunc(r.list, func(p *Problem) bool { return p.Field == path })
		r.warnAt(m.value.at, path, "there is a placeholder in the value").hintf("fill it in before the document is used")
	}
}
