package notify

import (
	"strings"

	"pipecd/pkg/model"
)

// Topic names what may have changed.
type Topic string

// Commands is about the unanswered commands of an agent.
func Commands(pipedID string) Topic { return Topic(commands + pipedID) }

const commands = "commands/"

// OfCommands returns the agent that a topic of Commands is about.
func (t Topic) OfCommands() (pipedID string, is bool) {
	return strings.CutPrefix(string(t), commands)
}

// Command is about one command.
func Command(id string) Topic { return Topic("command/" + id) }

// Applications is about which applications an agent has and what a person said
// about them. It makes the agent read them again.
func Applications(pipedID string) Topic { return Topic("applications/" + pipedID) }

// Application is about one application, and its deployments.
func Application(id string) Topic { return Topic("application/" + id) }

// Agent is about the agent itself: its lease, and whether it is disabled.
func Agent(pipedID string) Topic { return Topic("agent/" + pipedID) }

// Deployment is about a deployment, its stages and their metadata.
func Deployment(id string) Topic { return Topic("deployment/" + id) }

// StageLog is about the log of one stage, in any of its attempts.
func StageLog(deploymentID, stageID string) Topic {
	return Topic("log/" + deploymentID + "/" + stageID)
}

// StageAnalysis is about what one stage measured, in any of its attempts.
func StageAnalysis(deploymentID, stageID string) Topic {
	return Topic("analysis/" + deploymentID + "/" + stageID)
}

// Session is about a person's session, which may have been ended.
func Session(id string) Topic { return Topic("session/" + id) }

// Project is about a project itself: its accounts and their passwords.
func Project(id string) Topic { return Topic("project/" + id) }

const pushes = "push/"

// Push is about new commits on a branch of the repository with the identity
// (webhook.Identity); on any branch, where it is "".
func Push(identity, branch string) Topic { return Topic(pushes + branch + "/" + identity) }

func (t Topic) isPush() bool { return strings.HasPrefix(string(t), pushes) }

// ApplicationList is about what is shown in the list of a project's
// applications; DeploymentList and PipedList are the same for theirs.
func ApplicationList(projectID string) Topic { return Topic("list/applications/" + projectID) }

// DeploymentList is about the list of a project's deployments.
func DeploymentList(projectID string) Topic { return Topic("list/deployments/" + projectID) }

// PipedList is about the list of a project's agents.
func PipedList(projectID string) Topic { return Topic("list/pipeds/" + projectID) }

// OfDeployment are the topics that a change of the deployment is about.
func OfDeployment(d *model.Deployment) []Topic {
	return []Topic{Deployment(d.ID), Application(d.ApplicationID), DeploymentList(d.ProjectID), ApplicationList(d.ProjectID)}
}

// OfApplication are the topics that a change of the application is about. It
// does not make the agent read its applications again.
func OfApplication(a *model.Application) []Topic {
	return []Topic{Application(a.ID), ApplicationList(a.ProjectID)}
}

// OfPiped are the topics that a change of the agent is about, also that it came
// or went.
func OfPiped(p *model.Piped) []Topic {
	return []Topic{Agent(p.ID), PipedList(p.ProjectID), ApplicationList(p.ProjectID)}
}
