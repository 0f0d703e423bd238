package quickstart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// surroundings is all that is around pipecd in the sample world, for programs
// that drive pipecd themselves.
type surroundings struct {
	Cloud     string `json:"cloud"`     // URL of the simulated cloud and of its page
	Directory string `json:"directory"` // where all files are
	WorkTree  string `json:"workTree"`  // of the sample application: commit and push to release

	ControlPlaneFile string `json:"controlPlaneFile"` // a path
	Project          string `json:"project"`
	Username         string `json:"username"`
	Password         string `json:"password"`

	// PipedSettings is what follows the identity in an agent's file: repositories and providers.
	PipedSettings    string   `json:"pipedSettings"`
	AgentEnvironment []string `json:"agentEnvironment"`
}

// Surroundings runs the simulated cloud with its traffic beside the sample
// repository at v1, without control plane and agent, until ctx ends. The sample's
// analysis measures for so long. It says where everything is in one line of JSON.
func Surroundings(ctx context.Context, s Streams, dataDir string, analysis time.Duration) (err error) {
	dir, err := openDirectory(dataDir)
	if err != nil {
		return err
	}
	defer dir.close()
	w := &world{dir: dir.path, sayf: s.sayf, teller: newTeller(s.Paint), repoID: repoID}
	defer func() { err = errors.Join(err, w.end(ctx)) }()
	if err := w.startCloud(ctx, options{logger: slog.New(slog.DiscardHandler)}); err != nil {
		return fmt.Errorf("simulated cloud: %w", err)
	}
	w.gate.pace.duration = analysis.String()
	if err := w.makeRepository(ctx); err != nil {
		return fmt.Errorf("sample repository: %w", err)
	}
	if err := errors.Join(w.writeSecrets(), w.write("control-plane.yaml", controlPlaneFile())); err != nil {
		return err
	}
	err = json.NewEncoder(s.Out).Encode(surroundings{ // the sample's password is no secret, see sample.go
		Cloud: w.cloud.url, Directory: w.dir, WorkTree: w.repo.work,
		ControlPlaneFile: w.path("control-plane.yaml"), Project: projectID, Username: username, Password: password,
		PipedSettings: pipedSettings(w.pipedValues()), AgentEnvironment: w.agentEnvironment(),
	})
	if err != nil {
		return fmt.Errorf("saying where everything is: %w", err)
	}
	<-ctx.Done()
	return nil
}
