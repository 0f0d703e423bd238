package agent

import (
	"context"
	"log/slog"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// search scans the heads of one repository for applications that nobody added.
// It works beside the looks, which a large repository would hold up, and with
// them whoever pressed SYNC.
type search struct {
	repo  git.Repository
	heads chan string // has room for the newest
}

// searchOf makes the search of a repository; run makes it work.
func (p *period) searchOf(repo git.Repository) *search {
	s := &search{repo: repo, heads: make(chan string, 1)}
	p.searches = append(p.searches, s)
	return s
}

// want has the head scanned soon, instead of one that still waits. It is called
// by one goroutine.
func (s *search) want(head string) {
	select {
	case <-s.heads:
	default:
	}
	s.heads <- head
}

// run scans until ctx ends.
func (s *search) run(ctx context.Context, p *period) {
	for {
		select {
		case <-ctx.Done():
			return
		case head := <-s.heads:
			s.scan(ctx, p, head)
		}
	}
}

func (s *search) scan(ctx context.Context, p *period, head string) {
	tree, err := p.agent.git.Snapshot(ctx, s.repo, head)
	if err != nil { // the next head is scanned whole too
		p.agent.logger.DebugContext(ctx, "a head could not be searched for applications that nobody added",
			slog.String("repository", s.repo.ID), slog.String("commit", head), slog.Any("error", err))
		return
	}
	defer tree.Close() //nolint:errcheck // it was only read
	p.discovery.Look(ctx, tree, model.GitRepository{ID: s.repo.ID, Remote: git.RedactRemote(s.repo.Remote), Branch: s.repo.Branch})
}
