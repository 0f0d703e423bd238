package config

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// dormant is a field that is read but has no effect yet.
type dormant struct {
	path  string // [*] stands for any item of a list and any key of a mapping
	value string // only this value has none; empty means any
	note  string // instead of the usual sentence
}

// dormantFields returns what is read but has no effect yet. Whoever gives a
// field its effect deletes its row; nothing else has to be changed.
func dormantFields(kind Kind) []dormant {
	switch kind {
	case KindControlPlane:
		return dormantInControlPlane()
	case KindPiped:
		return dormantInPiped()
	case KindECSApp, KindApplication:
		return dormantInApp()
	case KindAnalysisTemplate:
		return []dormant{{path: "spec", note: "the file is read but has no effect yet"}}
	default:
		return nil
	}
}

func dormantInControlPlane() []dormant {
	return []dormant{
		{path: "spec.stateKey"},
		{path: "spec.sharedSSOConfigs"},
		{path: "spec.cache"},
		{path: "spec.insightCollector"},
	}
}

func dormantInPiped() []dormant {
	return []dormant{
		{path: "spec.name", note: "the name that the control plane has for the agent is used, so the field has no effect"},
		{path: "spec.webAddress"},
		{path: "spec.appConfigSyncInterval"},
		{path: "spec.appSelector"},
		{path: "spec.chartRepositories"},
		{path: "spec.chartRegistries"},
		{path: "spec.notifications"},
		{path: "spec.secretManagement"},
		{path: "spec.eventWatcher"},
		{path: "spec.planPreview"},
		{path: "spec.git.sshConfigFilePath", note: "the user's SSH configuration is never touched, so the field has no effect"},
		{path: "spec.git.email", note: "the agent makes no commits yet, so the field has no effect"},
		{path: "spec.platformProviders[*].labels"},
		{path: "spec.platformProviders[*].type", value: "KUBERNETES"},
		{path: "spec.platformProviders[*].type", value: "TERRAFORM"},
		{path: "spec.platformProviders[*].type", value: "CLOUDRUN"},
		{path: "spec.platformProviders[*].type", value: "LAMBDA"},
		{path: "spec.analysisProviders[*].type", value: "PROMETHEUS"},
		{path: "spec.analysisProviders[*].type", value: "STACKDRIVER"},
	}
}

func dormantInApp() []dormant {
	const (
		stages       = "spec.pipeline.stages[*]"
		notForECS    = "the field was never honoured for ECS, and has no effect"
		onlyCompared = "the field counts only with strategies that are not run yet, so it has no effect"
		atControl    = "what the control plane has for the application is used, so the field has no effect yet"
	)
	return []dormant{
		{path: "spec.description", note: atControl},
		{path: "spec.envName"},
		{path: "spec.sealedSecrets"},
		{path: "spec.plugins", note: "the field is ignored in a document of kind ECSApp"},
		{path: "spec.planner.autoRollback", value: "false", note: notForECS + "; use spec.input.autoRollback"},
		{path: "spec.commitMatcher", note: notForECS},
		{path: "spec.trigger.onOutOfSync.disabled", value: "false"},
		{path: "spec.trigger.onOutOfSync.minWindow"},
		{path: "spec.trigger.onChain.disabled", value: "false"},
		{path: "spec.postSync"},
		{path: "spec.encryption"},
		{path: "spec.attachment"},
		{path: "spec.notification"},
		{path: "spec.eventWatcher"},
		{path: "spec.driftDetection"},
		{path: stages + ".name", value: string(StageCustomSync), note: "the stage is not run; use SCRIPT_RUN, which has run, env, timeout and onRollback"},
		{path: stages + ".with.recreate", note: "the field has no effect; use spec.quickSync.recreate"},
		{path: stages + ".with.restartThreshold"},
		{path: stages + ".with.logs"},
		{path: stages + ".with.https"},
		{path: stages + ".with.metrics[*].strategy", value: string(StrategyPrevious)},
		{path: stages + ".with.metrics[*].strategy", value: string(StrategyCanaryBaseline)},
		{path: stages + ".with.metrics[*].strategy", value: string(StrategyCanaryPrimary)},
		{path: stages + ".with.metrics[*].deviation", note: onlyCompared},
		{path: stages + ".with.metrics[*].baselineArgs", note: onlyCompared},
		{path: stages + ".with.metrics[*].canaryArgs", note: onlyCompared},
		{path: stages + ".with.metrics[*].template"},
	}
}

// warnWithoutEffect warns about every field of the document that has none.
func (d *document) warnWithoutEffect(kind Kind) {
	paths := slices.Sorted(maps.Keys(d.seen))
	for _, row := range dormantFields(kind) {
		pattern := row.pattern()
		last := row.path[strings.LastIndex(row.path, ".")+1:]
		for _, path := range paths {
			// The suffix is only there to be quick with a large document.
			if strings.HasSuffix(path, last) && pattern.MatchString(path) && d.has(path) && !d.Reported(path) && (row.value == "" || row.value == d.seen[path].value.text) {
				d.Warnf(path, "%s", cmp.Or(row.note, row.sentence()))
			}
		}
	}
}

func (r dormant) sentence() string {
	if r.value != "" {
		return r.value + " is read but has no effect yet"
	}
	return "the field is read but has no effect yet"
}

// pattern matches the paths of the row. What cloudProviders holds is what
// platformProviders holds.
func (r dormant) pattern() *regexp.Regexp {
	p := strings.ReplaceAll(regexp.QuoteMeta(r.path), `\[\*\]`, `(\[[^]]*\]|\.[^.\[]+)`)
	p = strings.ReplaceAll(p, `spec\.platformProviders`, `spec\.(platformProviders|cloudProviders)`)
	return regexp.MustCompile("^" + p + "$")
}
