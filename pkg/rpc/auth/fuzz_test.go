package auth_test

import (
	"testing"

	"pipecd/pkg/rpc/auth"
)

func FuzzParseEpoch(f *testing.F) {
	for _, s := range []string{"", "1", "01", "-1", "9223372036854775808", " 1", "１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		epoch, err := auth.ParseEpoch(value)
		if err == nil && value != "" && (epoch <= 0 || auth.FormatEpoch(epoch) != value) {
			t.Errorf("%q is read as %d", value, epoch)
		}
	})
}
