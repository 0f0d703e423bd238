package apiclient

import (
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// ListApplications returns the enabled applications of this agent.
func (c *Client) ListApplications(ctx context.Context) ([]*model.Application, error) {
	res, err := call(ctx, c.reading("listing applications").bulk(), c.piped.ListApplications, &pipedservice.ListApplicationsRequest{})
	if err != nil {
		return nil, err
	}
	apps := make([]*model.Application, 0, len(res.GetApplications()))
	for _, p := range res.GetApplications() {
		apps = append(apps, convert.ApplicationFromPB(p))
	}
	return apps, nil
}

// ReportSyncState records how an application relates to Git. A zero time means
// now.
func (c *Client) ReportSyncState(ctx context.Context, appID string, s model.SyncState) error {
	s.Timestamp = orNow(s.Timestamp)
	_, err := call(ctx, c.acting("reporting the sync state of application "+appID), c.piped.ReportApplicationSyncState,
		&pipedservice.ReportApplicationSyncStateRequest{ApplicationId: appID, State: convert.SyncStateToPB(s)})
	return err
}

// ReportDeploying records whether a deployment of the application is under way.
func (c *Client) ReportDeploying(ctx context.Context, appID string, deploying bool) error {
	_, err := call(ctx, c.acting("reporting whether application "+appID+" is deploying"), c.piped.ReportApplicationDeployingStatus,
		&pipedservice.ReportApplicationDeployingStatusRequest{ApplicationId: appID, Deploying: deploying})
	return err
}

// ReportMostRecentDeployment records the deployment that was triggered
// (DeploymentPending) or succeeded (DeploymentSuccess) last; other statuses have
// no effect.
func (c *Client) ReportMostRecentDeployment(ctx context.Context, appID string, status model.DeploymentStatus, ref model.DeploymentRef) error {
	_, err := call(ctx, c.acting("reporting the last "+status.String()+" deployment of application "+appID), c.piped.ReportApplicationMostRecentDeployment,
		mostRecentRequest(appID, status, ref))
	return err
}

// MostRecentDeployment returns the deployment of the application that was
// triggered (DeploymentPending) or succeeded (DeploymentSuccess) last.
// CodeNotFound when there is none.
func (c *Client) MostRecentDeployment(ctx context.Context, appID string, status model.DeploymentStatus) (*model.DeploymentRef, error) {
	doing := "asking for the last " + status.String() + " deployment of application " + appID
	res, err := call(ctx, c.reading(doing), c.piped.GetApplicationMostRecentDeployment,
		&pipedservice.GetApplicationMostRecentDeploymentRequest{ApplicationId: appID, Status: modelpb.DeploymentStatus(status)})
	if err != nil {
		return nil, err
	}
	if res.GetDeployment() == nil {
		return nil, model.Errorf(model.CodeNotFound, "%s: there is none", doing)
	}
	return convert.DeploymentRefFromPB(res.GetDeployment()), nil
}

// UpdateApplicationInfo records what the applications' files in Git say: name,
// labels, description and where they live. Other fields are ignored.
func (c *Client) UpdateApplicationInfo(ctx context.Context, apps []*model.Application) error {
	req := &pipedservice.UpdateApplicationConfigurationsRequest{Applications: applicationInfos(apps)}
	_, err := call(ctx, c.acting("updating what is known of applications").bulk(), c.piped.UpdateApplicationConfigurations, req)
	return err
}

// ReportUnregisteredApplications says which applications were found in Git that
// nobody added.
func (c *Client) ReportUnregisteredApplications(ctx context.Context, apps []*model.Application) error {
	req := &pipedservice.ReportUnregisteredApplicationConfigurationsRequest{Applications: applicationInfos(apps)}
	_, err := call(ctx, c.acting("reporting applications nobody added").bulk(), c.piped.ReportUnregisteredApplicationConfigurations, req)
	return err
}

func applicationInfos(apps []*model.Application) []*modelpb.ApplicationInfo {
	infos := make([]*modelpb.ApplicationInfo, 0, len(apps))
	for _, a := range apps {
		infos = append(infos, convert.ApplicationInfoToPB(a))
	}
	return infos
}

// LatestAnalysisResult returns when the last successful analysis of the
// application began. CodeNotFound when there was none.
func (c *Client) LatestAnalysisResult(ctx context.Context, appID string) (time.Time, error) {
	res, err := call(ctx, c.reading("asking for the last analysis of application "+appID), c.piped.GetLatestAnalysisResult,
		&pipedservice.GetLatestAnalysisResultRequest{ApplicationId: appID})
	return convert.Time(res.GetAnalysisResult().GetStartTime()), err
}

// PutLatestAnalysisResult records when a successful analysis of the application
// began. A zero time means now.
func (c *Client) PutLatestAnalysisResult(ctx context.Context, appID string, start time.Time) error {
	_, err := call(ctx, c.acting("recording the analysis of application "+appID), c.piped.PutLatestAnalysisResult,
		&pipedservice.PutLatestAnalysisResultRequest{
			ApplicationId:  appID,
			AnalysisResult: &modelpb.AnalysisResult{StartTime: convert.Seconds(orNow(start))},
		})
	return err
}
