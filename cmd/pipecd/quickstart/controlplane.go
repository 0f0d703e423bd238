package quickstart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"pipecd/cmd/pipecd/stores"
	"pipecd/pkg/config"
	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/version"
	"pipecd/web"
)

// startControlPlane runs the server on stores of its own, or on those of the
// configuration that was named.
func (w *world) startControlPlane(ctx context.Context, o options) error {
	dir := filepath.Join(w.dir, "control-plane")
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return fmt.Errorf("making its data directory: %w", err)
	}
	if err := w.write("control-plane.yaml", controlPlaneFile()); err != nil {
		return err
	}
	cfg, err := w.configuration(o)
	if err != nil {
		return err
	}
	opened, err := stores.Open(ctx, cfg, dir, o.logger)
	if model.CodeOf(err) == model.CodeInvalid {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if err != nil {
		return err
	}
	w.onClose(func(context.Context) error { return opened.Close() })
	projects, err := w.projects(ctx, cfg, opened)
	if err != nil {
		return err
	}
	key, _, err := auth.LoadOrCreateKey(filepath.Join(dir, "encryption-key"))
	if err != nil {
		return err
	}
	return w.serve(ctx, server.Options{
		Store: opened.Data, Files: opened.Files, SessionKey: key, InsecureCookie: true, UI: web.Files(),
		Projects:    projects,
		Listen:      fmt.Sprintf("127.0.0.1:%d", o.port),
		GracePeriod: time.Second,
		Version:     version.Get(), Logger: o.logger,
	})
}

// configuration reads the file that was named, else the sample's own. What lives
// in shared stores gets names that no earlier run has used.
func (w *world) configuration(o options) (*config.ControlPlane, error) {
	path := w.path("control-plane.yaml")
	if o.plane != "" {
		const enough = 8
		run := model.NewID()[:enough]
		path, w.shared, w.repoID, w.agentName = o.plane, true, repoID+"-"+run, agentName+"-"+run
	}
	cfg, problems := config.ReadControlPlaneFile(path, config.CheckFiles)
	for _, p := range problems.Warnings() {
		w.sayf("%s", p)
	}
	return cfg, problems.Err()
}

// projects returns those of the configuration and, unless it is one of them, the
// sample's own with its login.
func (w *world) projects(ctx context.Context, cfg *config.ControlPlane, opened stores.Stores) ([]*model.Project, error) {
	projects := stores.Projects(cfg)
	at := slices.IndexFunc(projects, func(p *model.Project) bool { return p.ID == projectID })
	if at >= 0 {
		admin := projects[at].StaticAdmin
		if admin == nil || admin.Username != username || bcrypt.CompareHashAndPassword([]byte(admin.PasswordHash), []byte(password)) != nil {
			return nil, fmt.Errorf("%w: the project %s of the configuration has another login than the quickstart, which is %s with the password %s: "+
				"change it there, or take that project out and the quickstart adds its own", ErrUsage, projectID, username, password)
		}
		return projects, nil
	}
	_, err := opened.Data.GetProject(ctx, projectID)
	switch {
	case err == nil:
		return nil, fmt.Errorf("%w: the datastore has a project %s of its own, which the quickstart does not touch: name another database", ErrUsage, projectID)
	case model.CodeOf(err) != model.CodeNotFound:
		return nil, err
	}
	own := &model.Project{ID: projectID, StaticAdmin: &model.StaticAdmin{Username: username, PasswordHash: passwordHash}}
	return append(projects, own), nil
}

// takeBack leaves nothing in shared stores that would go on: the history of the
// run stays there.
func (w *world) takeBack(ctx context.Context) error {
	_, first := w.client.DeleteApplication(ctx, &webv1.DeleteApplicationRequest{ApplicationId: w.appID})
	_, second := w.client.DisablePiped(ctx, &webv1.DisablePipedRequest{PipedId: w.pipedID})
	if err := errors.Join(first, second); err != nil {
		return fmt.Errorf("removing the sample application and disabling its agent: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// serve runs the server until the world is closed and returns when it accepts
// connections.
func (w *world) serve(ctx context.Context, o server.Options) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ready := make(chan server.Addresses, 1)
	ended := make(chan error, 1)
	o.Ready = func(a server.Addresses) { ready <- a }
	go func() { ended <- server.Run(running, o) }()
	select {
	case a := <-ready:
		w.address = a.Public
	case err := <-ended:
		stop()
		return err
	}
	w.onClose(func(context.Context) error {
		stop()
		return <-ended
	})
	return w.login(ctx)
}
