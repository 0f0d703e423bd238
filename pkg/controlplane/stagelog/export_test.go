package stagelog

import "context"

// Move moves a log now.
func (l *Logs) Move(ctx context.Context, key Key) error { return l.move(ctx, key.Path()) }

// Times of moves, for tests that let them pass.
const (
	MoveAge         = moveAge
	MoveRecords     = moveRecords
	EndKept         = endKept
	BacklogInterval = backlogInterval
	AwayPause       = awayPause
)
