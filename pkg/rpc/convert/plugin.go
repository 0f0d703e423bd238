package convert

import (
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// PluginToPB converts a plugin of an agent.
func PluginToPB(p model.Plugin) *modelpb.Piped_Plugin {
	return &modelpb.Piped_Plugin{Name: Text(p.Name), DeployTargets: each(p.DeployTargets, Text)}
}

// PluginFromPB is the inverse of PluginToPB.
func PluginFromPB(p *modelpb.Piped_Plugin) model.Plugin {
	return model.Plugin{Name: p.GetName(), DeployTargets: each(p.GetDeployTargets(), Text)}
}

func deployTargetsToPB(targets map[string][]string) map[string]*modelpb.DeployTargets {
	return eachValue(targets, func(names []string) *modelpb.DeployTargets {
		return &modelpb.DeployTargets{DeployTargets: each(names, Text)}
	})
}

func deployTargetsFromPB(p map[string]*modelpb.DeployTargets) map[string][]string {
	return eachValue(p, func(t *modelpb.DeployTargets) []string { return each(t.GetDeployTargets(), Text) })
}

// metadataToPB returns nil when there is no metadata.
func metadataToPB(d *model.Deployment) *modelpb.DeploymentMetadata {
	if len(d.Metadata) == 0 && len(d.PluginMetadata) == 0 {
		return nil
	}
	p := &modelpb.DeploymentMetadata{Plugins: eachValue(d.PluginMetadata, func(m map[string]string) *modelpb.DeploymentMetadata_KeyValues {
		return &modelpb.DeploymentMetadata_KeyValues{KeyValues: Texts(m)}
	})}
	if len(d.Metadata) > 0 {
		p.Shared = &modelpb.DeploymentMetadata_KeyValues{KeyValues: Texts(d.Metadata)}
	}
	return p
}

func pluginMetadataFromPB(p map[string]*modelpb.DeploymentMetadata_KeyValues) map[string]map[string]string {
	return eachValue(p, func(kv *modelpb.DeploymentMetadata_KeyValues) map[string]string { return Texts(kv.GetKeyValues()) })
}

// eachValue converts the values of a map; an empty map becomes nil.
func eachValue[From, To any](m map[string]From, convert func(From) To) map[string]To {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]To, len(m))
	for k, v := range m {
		out[Text(k)] = convert(v)
	}
	return out
}
