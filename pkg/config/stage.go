package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"pipecd/pkg/model"
)

// StageCustomSync is read and never run; the stages that can are in package model.
const StageCustomSync model.StageName = "CUSTOM_SYNC"

// Pipeline is the list of stages that a deployment runs, in order.
type Pipeline struct {
	Stages []Stage `yaml:"stages,omitempty"`
}

// Stage is one step of a pipeline.
type Stage struct {
	ID   string // defaults to stage-<index>; unique
	Name model.StageName
	Desc string
	// Timeout limits the stage, counted from its first start: then it fails, and the
	// deployment with it. 0 means that nothing but the stage's own options limits it.
	Timeout Duration
	// With is never nil; its type is that of the stage's name, such as
	// *AnalysisOptions for ANALYSIS.
	With StageOptions
}

// StageOptions are the options of one kind of stage.
type StageOptions interface {
	// finish fills in defaults and checks rules.
	finish(d *document, path string)
}

// newOptions returns the empty options of a stage, nil for a name that must
// not stand in a file.
func newOptions(name model.StageName) StageOptions {
	switch name {
	case model.StageECSSync:
		return &ECSSyncOptions{}
	case model.StageECSCanaryRollout:
		return &CanaryRolloutOptions{}
	case model.StageECSPrimaryRollout:
		return &PrimaryRolloutOptions{}
	case model.StageECSTrafficRouting:
		return &TrafficRouting{}
	case model.StageECSCanaryClean:
		return &CanaryCleanOptions{}
	case model.StageECSBaselineRollout:
		return &BaselineRolloutOptions{}
	case model.StageECSBaselineClean:
		return &BaselineCleanOptions{}
	case model.StageWait:
		return &WaitOptions{}
	case model.StageWaitApproval:
		return &WaitApprovalOptions{}
	case model.StageAnalysis:
		return &AnalysisOptions{}
	case model.StageScriptRun:
		return &ScriptRunOptions{}
	case StageCustomSync:
		return &CustomSyncOptions{}
	default:
		return nil
	}
}

// StageNames returns the stages that may stand in a pipeline.
func StageNames() []model.StageName {
	return []model.StageName{
		model.StageECSSync, model.StageECSCanaryRollout, model.StageECSPrimaryRollout,
		model.StageECSTrafficRouting, model.StageECSCanaryClean,
		model.StageECSBaselineRollout, model.StageECSBaselineClean,
		model.StageWait, model.StageWaitApproval, model.StageAnalysis,
		model.StageScriptRun, StageCustomSync,
	}
}

// decodeNode reads a stage. Inside it unknown fields are warnings, because they
// were always ignored.
func (s *Stage) decodeNode(d *document, n *node, path string) bool {
	d.lenient++
	defer func() { d.lenient-- }()
	var raw struct {
		ID      string   `yaml:"id"`
		Name    string   `yaml:"name" config:"required"`
		Desc    string   `yaml:"desc"`
		Timeout Duration `yaml:"timeout"`
		With    *node    `yaml:"with"`
	}
	if !d.decode(n, reflect.ValueOf(&raw).Elem(), path) {
		return false
	}
	s.ID, s.Name, s.Desc, s.Timeout = raw.ID, model.StageName(raw.Name), raw.Desc, raw.Timeout
	s.With = newOptions(s.Name)
	if s.With == nil {
		s.reportName(d, path+".name")
		return true
	}
	d.decodeOptions(raw.With, s.With, path+".with")
	return true
}

// reportName says what is wrong with the name of a stage.
func (s *Stage) reportName(d *document, path string) {
	name := string(s.Name)
	platform, _, _ := strings.Cut(name, "_")
	names := make([]string, 0, len(StageNames()))
	for _, known := range StageNames() {
		names = append(names, string(known))
	}
	switch {
	case name == "":
		return // missing or no string; reported
	case name == string(model.StageRollback), name == "SCRIPT_RUN_ROLLBACK", name == "CUSTOM_SYNC_ROLLBACK":
		d.Errorf(path, "%s is a stage that is generated; it must not stand in a pipeline", name).hintf("remove the stage")
	case slices.Contains([]string{"K8S", "TERRAFORM", "CLOUDRUN", "LAMBDA"}, platform):
		d.Errorf(path, "%s is a stage of another platform, found in an application on ECS", name).
			hintf("stages here: %s", strings.Join(names, ", "))
	default:
		d.Errorf(path, "expected the name of a stage, found %s", quote(name)).hintf("%s", didYouMean(name, names))
	}
}

// checkTimeout warns of a limit that the stage's own options always exceed.
func (s *Stage) checkTimeout(d *document, path string) {
	var takes Duration
	switch o := s.With.(type) {
	case *WaitOptions:
		takes = o.Duration
	case *AnalysisOptions:
		takes = o.Duration
	}
	if s.Timeout > 0 && takes >= s.Timeout {
		d.Warnf(path+".timeout", "the stage takes %s and fails after %s, so it always fails", takes, s.Timeout).
			hintf("make the timeout longer than with.duration")
	}
}

func (p *Pipeline) finish(d *document, path string) {
	if len(p.Stages) == 0 {
		d.Warnf(path, "the pipeline has no stages, so every deployment is a quick sync")
	}
	ids := map[string]string{model.StageIDECSSync: "", model.StageIDRollback: ""}
	for i := range p.Stages {
		s, at := &p.Stages[i], indexPath(path+".stages", i)
		switch first, used := ids[s.ID]; {
		case s.ID == "":
			s.ID = "stage-" + strconv.Itoa(i)
		case used && first == "":
			d.Errorf(at+".id", "%s is the id of a stage that is generated", s.ID).hintf("choose another id")
		case used:
			d.Errorf(at+".id", "%s is already used by %s (line %d)", quote(s.ID), first, d.where(first).line)
		}
		if _, used := ids[s.ID]; !used {
			ids[s.ID] = at + ".id"
		} else if !d.has(at + ".id") {
			d.Errorf(at+".id", "the default id %s is used by another stage", s.ID).hintf("give the other stage another id")
		}
		if s.With != nil {
			s.With.finish(d, at+".with")
			s.checkTimeout(d, at)
		}
	}
}
