package convert

import (
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// EventToPB converts an event; nil stays nil.
func EventToPB(e *model.Event) *modelpb.Event {
	if e == nil {
		return nil
	}
	return &modelpb.Event{
		Id:                Text(e.ID),
		Name:              Text(e.Name),
		Data:              Text(e.Data),
		ProjectId:         Text(e.ProjectID),
		Labels:            Texts(e.Labels),
		EventKey:          e.Key(),
		Status:            modelpb.EventStatus(e.Status),
		StatusDescription: Text(e.StatusDescription),
		Contexts:          Texts(e.Contexts),
		TriggerCommitHash: Text(e.TriggerCommitHash),
		HandledAt:         Seconds(e.HandledAt),
		CreatedAt:         Seconds(e.CreatedAt),
		UpdatedAt:         Seconds(e.UpdatedAt),
	}
}

// EventFromPB is the inverse of EventToPB. The key is derived from the name and
// the labels, whatever the message says.
func EventFromPB(p *modelpb.Event) *model.Event {
	if p == nil {
		return nil
	}
	return &model.Event{
		ID:                p.GetId(),
		Name:              p.GetName(),
		Data:              p.GetData(),
		ProjectID:         p.GetProjectId(),
		Labels:            Texts(p.GetLabels()),
		Status:            model.EventStatus(p.GetStatus()),
		StatusDescription: p.GetStatusDescription(),
		Contexts:          Texts(p.GetContexts()),
		TriggerCommitHash: p.GetTriggerCommitHash(),
		HandledAt:         Time(p.GetHandledAt()),
		CreatedAt:         Time(p.GetCreatedAt()),
		UpdatedAt:         Time(p.GetUpdatedAt()),
	}
}
