package auth

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"pipecd/pkg/controlplane/memo"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
)

// Piped is an agent whose credential was checked.
type Piped struct {
	Piped *model.Piped // as it was at the check; must not be changed
	Fence model.Fence  // goes with every write

	keyHash string
}

// pipedStore is what is needed of the datastore.
type pipedStore interface {
	GetPiped(ctx context.Context, id string) (*model.Piped, error)
}

// Pipeds checks agents' credentials.
type Pipeds struct {
	projects *Projects
	store    pipedStore
	known    *memo.Memo[*model.Piped]
	homes    *memo.Memo[*model.Project] // of agents
	logger   *slog.Logger
}

// NewPipeds returns a checker. What it reads it believes for half a second,
// unless the hub is told of a change before. Why a credential was refused goes to
// the logger, never the key.
func NewPipeds(projects *Projects, store pipedStore, hub *notify.Hub, logger *slog.Logger) *Pipeds {
	return &Pipeds{projects: projects, store: store, known: memo.New[*model.Piped](hub, 0), homes: memo.New[*model.Project](hub, 0), logger: logger}
}

// Check returns the agent of a credential and a lease epoch, both as they stand
// in the metadata. CodeUnauthenticated, with one sentence for every reason that
// an attacker could learn from.
func (p *Pipeds) Check(ctx context.Context, authorization, epoch string) (*Piped, error) {
	credential, err := auth.ParsePiped(authorization)
	if err != nil {
		return nil, err
	}
	fence := model.Fence{PipedID: credential.PipedID}
	if fence.Epoch, err = auth.ParseEpoch(epoch); err != nil {
		return nil, err
	}
	piped, err := p.known.Get(ctx, credential.PipedID, func(ctx context.Context) (*model.Piped, error) {
		return p.store.GetPiped(ctx, credential.PipedID)
	}, notify.Agent(credential.PipedID))
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return nil, model.Wrap(model.CodeOf(err), err, "looking up the piped")
	}
	hash, why := match(piped, credential)
	if why == "" {
		_, err = p.homes.Get(ctx, credential.ProjectID, func(ctx context.Context) (*model.Project, error) {
			return p.projects.Get(ctx, credential.ProjectID)
		}, notify.Project(credential.ProjectID))
		switch {
		case model.CodeOf(err) == model.CodeNotFound:
			why = "the project does not exist"
		case err != nil:
			return nil, model.Wrap(model.CodeOf(err), err, "looking up the piped's project")
		}
	}
	if why != "" {
		p.logger.WarnContext(ctx, "refused a piped's credential",
			slog.String("reason", why), slog.String("project", claimed(credential.ProjectID)), slog.String("piped", claimed(credential.PipedID)))
		return nil, model.Errorf(model.CodeUnauthenticated, "Unauthenticated") // the sentence of the wire; agents say what to check
	}
	return &Piped{Piped: piped, Fence: fence, keyHash: hash}, nil
}

// claimed is an id for the log, of whoever says it is theirs.
func claimed(id string) string {
	const most = 64
	if len(id) <= most {
		return id
	}
	return strings.ToValidUTF8(id[:most], "") + "..."
}

// match compares in the same time whichever part is wrong, and returns the hash
// that matched or why none may.
func match(piped *model.Piped, c auth.PipedCredential) (hash, why string) {
	if piped == nil {
		auth.VerifyKey(auth.HashKey(""), c.Key)
		return "", "the piped does not exist"
	}
	for _, k := range piped.Keys {
		if auth.VerifyKey(k.Hash, c.Key) {
			hash = k.Hash
		}
	}
	switch {
	case hash == "":
		return "", "the key is wrong"
	case !sameText(piped.ProjectID, c.ProjectID):
		return "", "the piped belongs to another project"
	case piped.Disabled:
		return "", "the piped is disabled"
	default:
		return hash, ""
	}
}

// Recheck returns nil as long as the agent may go on: for streams, which are
// opened once and last. CodeUnauthenticated when it was disabled, deleted, or
// its key was removed.
func (p *Pipeds) Recheck(ctx context.Context, caller *Piped) error {
	piped, err := p.store.GetPiped(ctx, caller.Piped.ID)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return model.Wrap(model.CodeOf(err), err, "looking up the piped")
	}
	if piped != nil && !piped.Disabled {
		for _, k := range piped.Keys {
			if k.Hash == caller.keyHash {
				return nil
			}
		}
	}
	return model.Errorf(model.CodeUnauthenticated, "the piped was disabled, or its key was removed")
}

type pipedKey struct{}

// WithPiped returns a context that says which agent calls.
func WithPiped(ctx context.Context, p *Piped) context.Context {
	return context.WithValue(ctx, pipedKey{}, p)
}

// PipedFrom returns which agent calls. It fails only if the call came past the
// check, which is a defect.
func PipedFrom(ctx context.Context) (*Piped, error) {
	p, ok := ctx.Value(pipedKey{}).(*Piped)
	if !ok {
		return nil, model.Wrap(model.CodeInternal, errors.New("the context holds no piped"), "checking the credential")
	}
	return p, nil
}
