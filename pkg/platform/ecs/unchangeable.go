package ecs

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// unchangeable returns a sentence for each field of the file that says something
// else than the live service and that UpdateService does not take under the
// EXTERNAL controller. It takes the desired count, the health check grace
// period, placement, managed tags, propagated tags and execute command (API
// reference, UpdateService); what starts tasks goes with every task set. What is
// absent in the file does not differ.
func (d *serviceDefinition) unchangeable(live *types.Service) []string {
	var out []string
	differ := func(field string, liveValue, fileValue any) {
		out = append(out, fmt.Sprintf("%s is %v on the live service and %v in the file, and Amazon ECS does not change it on a live service "+
			"under the EXTERNAL controller: put the live value into the file, or remove the field", field, liveValue, fileValue))
	}
	if want := d.SchedulingStrategy; want != "" && live.SchedulingStrategy != "" && want != live.SchedulingStrategy {
		differ("schedulingStrategy", live.SchedulingStrategy, want)
	}
	if want := d.role(); want != "" && roleName(want) != roleName(aws.ToString(live.RoleArn)) {
		differ("role", orNone(aws.ToString(live.RoleArn)), want)
	}
	if want := d.AvailabilityZoneRebalancing; want != "" {
		now := live.AvailabilityZoneRebalancing
		if now == "" { // a service that never had a value counts as disabled
			now = types.AvailabilityZoneRebalancingDisabled
		}
		if want != now {
			differ("availabilityZoneRebalancing", now, want)
		}
	}
	if d.DeploymentConfiguration != nil {
		want, now := tree(d.DeploymentConfiguration), tree(live.DeploymentConfiguration)
		for _, x := range differences("deploymentConfiguration", want, now) {
			differ(x.path, x.other, x.file)
		}
	}
	return out
}

// roleName is the last part of a role's ARN: files give either.
func roleName(role string) string { return role[strings.LastIndexByte(role, '/')+1:] }

func orNone(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// difference is a place where the service file says something else than what it
// is compared with.
type difference struct {
	path        string
	file, other string
}

// tree is a value of the SDK as JSON knows it, nil if it cannot be.
func tree(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(data, &out) != nil {
		return nil
	}
	return out
}

// differences compares what the file says with what is live. What the file does
// not say agrees with everything, and a zero agrees with its absence.
func differences(path string, file, live any) []difference {
	switch want := file.(type) {
	case nil:
		return nil
	case map[string]any:
		now, _ := live.(map[string]any)
		var out []difference
		for _, key := range slices.Sorted(maps.Keys(want)) {
			member := strings.ToLower(key[:1]) + key[1:]
			out = append(out, differences(path+"."+member, want[key], now[key])...)
		}
		return out
	case []any:
		now, _ := live.([]any)
		if len(want) != len(now) {
			return []difference{{path: path, file: text(file), other: text(live)}}
		}
		var out []difference
		for i := range want {
			out = append(out, differences(fmt.Sprintf("%s[%d]", path, i), want[i], now[i])...)
		}
		return out
	default:
		if reflect.DeepEqual(file, live) || (live == nil && reflect.ValueOf(file).IsZero()) {
			return nil
		}
		return []difference{{path: path, file: text(file), other: text(live)}}
	}
}

// text shows a value as a file would write it.
func text(v any) string {
	if v == nil {
		return "not set"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}
