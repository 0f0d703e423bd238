package convert

import (
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// RepositoryToPB converts a repository.
func RepositoryToPB(r model.GitRepository) *modelpb.ApplicationGitRepository {
	return &modelpb.ApplicationGitRepository{Id: Text(r.ID), Remote: Text(r.Remote), Branch: Text(r.Branch)}
}

// RepositoryFromPB is the inverse of RepositoryToPB.
func RepositoryFromPB(p *modelpb.ApplicationGitRepository) model.GitRepository {
	return model.GitRepository{ID: p.GetId(), Remote: p.GetRemote(), Branch: p.GetBranch()}
}

// GitPathToPB converts where an application lives.
func GitPathToPB(g model.GitPath) *modelpb.ApplicationGitPath {
	return &modelpb.ApplicationGitPath{
		Repo:           RepositoryToPB(g.Repo),
		Path:           Text(g.Path),
		ConfigFilename: Text(g.ConfigFilename),
		Url:            Text(g.URL),
	}
}

// GitPathFromPB is the inverse of GitPathToPB. The path is as the peer wrote
// it; model.CleanGitPath makes it safe.
func GitPathFromPB(p *modelpb.ApplicationGitPath) model.GitPath {
	return model.GitPath{
		Repo:           RepositoryFromPB(p.GetRepo()),
		Path:           p.GetPath(),
		ConfigFilename: p.GetConfigFilename(),
		URL:            p.GetUrl(),
	}
}

// CommitToPB converts a commit.
func CommitToPB(c model.Commit) *modelpb.Commit {
	return &modelpb.Commit{
		Hash:        Text(c.Hash),
		Message:     Text(c.Message),
		Author:      Text(c.Author),
		Branch:      Text(c.Branch),
		PullRequest: c.PullRequest,
		Url:         Text(c.URL),
		CreatedAt:   Seconds(c.CreatedAt),
	}
}

// CommitFromPB is the inverse of CommitToPB.
func CommitFromPB(p *modelpb.Commit) model.Commit {
	return model.Commit{
		Hash:        p.GetHash(),
		Message:     p.GetMessage(),
		Author:      p.GetAuthor(),
		Branch:      p.GetBranch(),
		PullRequest: p.GetPullRequest(),
		URL:         p.GetUrl(),
		CreatedAt:   Time(p.GetCreatedAt()),
	}
}
