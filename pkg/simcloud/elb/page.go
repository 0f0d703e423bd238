package elb

import (
	"encoding/base64"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxPageSize is the largest PageSize AWS takes and its own page size.
const maxPageSize = 400

// paging is what a list request says about pages.
type paging struct {
	size    *int32
	marker  *string
	keys    int // how many ARNs or names the request gives
	initial int // the page size when the request gives none
}

// page returns one page of the list and the marker of the next one, nil on the
// last. A marker names the last item of the page before, so a list that changes
// between pages loses nothing; an item that vanished makes its marker invalid.
func page[T any](all []T, key func(T) string, p paging) ([]T, *string, error) {
	size := p.initial
	if p.size != nil {
		if *p.size < 1 || *p.size > maxPageSize {
			return nil, nil, invalid("PageSize is between 1 and %d, not %d", maxPageSize, *p.size)
		}
		if p.keys > 0 {
			return nil, nil, invalid("PageSize cannot be given together with ARNs or names")
		}
		size = int(*p.size)
	}
	start := 0
	if p.marker != nil {
		last, err := base64.RawURLEncoding.DecodeString(*p.marker)
		if err != nil {
			return nil, nil, invalid("the marker %q is not one of ours", *p.marker)
		}
		i := slices.IndexFunc(all, func(t T) bool { return key(t) == string(last) })
		if i < 0 {
			return nil, nil, invalid("the marker %q has expired", *p.marker)
		}
		start = i + 1
	}
	if len(all)-start <= size {
		return all[start:], nil, nil
	}
	end := start + size
	return all[start:end], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(all[end-1])))), nil
}

// int32p is a pointer to n as the SDK's shapes want it; what does not fit is 0.
func int32p(n int) *int32 {
	if n < math.MinInt32 || n > math.MaxInt32 {
		n = 0
	}
	return aws.Int32(int32(n))
}
