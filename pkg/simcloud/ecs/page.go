package ecs

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// maxPage is the largest page of every list operation.
const maxPage = 100

// page cuts one page out of a list of ARNs and returns the token of the next
// one. The token is the last ARN of the page and its place: items added or
// removed between two calls do not make the next page repeat or miss others,
// and when the last item itself is gone its place is as good as can be had.
func page(arns []string, limit *int32, token *string, fallback int) (items []string, next *string, err error) {
	size := fallback
	if limit != nil {
		if *limit < 1 || *limit > maxPage {
			return nil, nil, invalid("maxResults must be between 1 and %d.", maxPage)
		}
		size = int(*limit)
	}
	start, err := pageStart(arns, token)
	if err != nil {
		return nil, nil, err
	}
	end := min(start+size, len(arns))
	items = append([]string{}, arns[start:end]...)
	if end < len(arns) {
		text := base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(end-1) + " " + arns[end-1]))
		next = &text
	}
	return items, next, nil
}

func pageStart(arns []string, token *string) (int, error) {
	if token == nil {
		return 0, nil
	}
	text, err := base64.URLEncoding.DecodeString(*token)
	place, last, ok := strings.Cut(string(text), " ")
	at, numberErr := strconv.Atoi(place)
	if err != nil || !ok || numberErr != nil || at < 0 {
		return 0, invalid("Invalid token.")
	}
	if found := slices.Index(arns, last); found >= 0 {
		return found + 1, nil
	}
	return min(at, len(arns)), nil
}
