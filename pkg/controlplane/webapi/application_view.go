package webapi

import (
	"context"
	"maps"
	"slices"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// surroundings is what is shown with applications, read for all at once.
type surroundings struct {
	pipeds map[string]*model.Piped
	latest map[string]*brief // by the deployment's id
}

// brief is a deployment in one line, and when it changed last.
type brief struct {
	applicationID string
	pb            *webv1.DeploymentBrief
	updatedAt     time.Time
}

// briefBatch is how many deployments are read at once. They come with all
// metadata of their stages, of which a line needs almost nothing.
const briefBatch = 50

func (s *Service) surroundings(ctx context.Context, apps []*model.Application) (surroundings, error) {
	around := surroundings{pipeds: map[string]*model.Piped{}, latest: map[string]*brief{}}
	pipedIDs, deploymentIDs := map[string]bool{}, map[string]bool{}
	for _, a := range apps {
		pipedIDs[a.PipedID] = true
		if id := latestOf(a); id != "" {
			deploymentIDs[id] = true
		}
	}
	pipeds, err := s.store.GetPipeds(ctx, slices.Collect(maps.Keys(pipedIDs)))
	if err != nil {
		return surroundings{}, err
	}
	for _, p := range pipeds {
		around.pipeds[p.ID] = p
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(deploymentIDs)), briefBatch) {
		deployments, err := s.store.GetDeployments(ctx, ids)
		if err != nil {
			return surroundings{}, err
		}
		for _, d := range deployments {
			around.latest[d.ID] = &brief{applicationID: d.ApplicationID, pb: briefOf(d), updatedAt: d.UpdatedAt}
		}
	}
	return around, nil
}

// latestOf returns the id of the deployment that was triggered last, "" before
// the first.
func latestOf(a *model.Application) string {
	if a.LastTriggered == nil {
		return ""
	}
	return a.LastTriggered.DeploymentID
}

// view returns the application as people see it at now.
func (around surroundings) view(a *model.Application, now time.Time) *webv1.Application {
	view := &webv1.Application{Application: convert.ApplicationToPB(a)}
	if p := around.pipeds[a.PipedID]; p != nil {
		view.PipedName, view.PipedOnline = convert.Text(p.Name), p.Online(now)
	}
	// The agent says which deployment was the last; it may be wrong, and then what it names may be another project's.
	if b := around.latest[latestOf(a)]; b != nil && b.applicationID == a.ID {
		view.Latest = b.pb
	}
	return view
}

func briefOf(d *model.Deployment) *webv1.DeploymentBrief {
	pb := &webv1.DeploymentBrief{
		Id:           convert.Text(d.ID),
		Status:       modelpb.DeploymentStatus(d.Status),
		CreatedAt:    convert.Seconds(d.CreatedAt),
		CompletedAt:  convert.Seconds(d.CompletedAt),
		StatusReason: convert.Text(d.StatusReason),
	}
	if len(d.Versions) > 0 {
		pb.Version = convert.Text(d.Versions[0].Version)
	}
	if share, known := d.CanaryShare(); known {
		pb.CanaryPercent = &share
	}
	stages := slices.DeleteFunc(slices.Clone(d.Stages), func(s model.Stage) bool { return !s.Visible })
	slices.SortStableFunc(stages, model.InOrder)
	for _, s := range stages {
		pb.Stages = append(pb.Stages, &webv1.StageBrief{
			Id: convert.Text(s.ID), Name: convert.Text(string(s.Name)),
			Status: modelpb.StageStatus(s.Status), Operation: modelpb.ManualOperation(s.Operation()),
		})
	}
	return pb
}
