package convert_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// wire sends a message over the wire: encode, decode.
func wire[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatalf("the message cannot be sent: %v", err)
	}
	got, ok := m.ProtoReflect().New().Interface().(M)
	if !ok {
		t.Fatalf("%T is not its own type", m)
	}
	if err := proto.Unmarshal(raw, got); err != nil {
		t.Fatal(err)
	}
	return got
}

// filled returns a value in which every field is set to something the wire can
// carry, so that a field that is not converted shows.
func filled[T any](rng *rand.Rand) T {
	var v T
	fill(rng, reflect.ValueOf(&v).Elem())
	return v
}

func fill(rng *rand.Rand, v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1+rng.Int64N(4e9), 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%x 日本語\n", rng.Uint32()))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1 + rng.Int64N(1<<31-1))
	case reflect.Uint32:
		v.SetUint(1 + rng.Uint64N(1<<31))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(rng, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+rng.IntN(3), 4))
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + rng.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(rng, key)
			fill(rng, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(rng, field)
		}
	default:
		panic("no filler for " + v.Type().String())
	}
}

func roundTrips(t *testing.T, rng *rand.Rand) {
	t.Helper()
	check := func(want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%T changed on the wire (-sent +received):\n%s", want, diff)
		}
	}
	app := filled[*model.Application](rng)
	check(app, convert.ApplicationFromPB(wire(t, convert.ApplicationToPB(app))))
	d := filled[*model.Deployment](rng)
	check(d, convert.DeploymentFromPB(wire(t, convert.DeploymentToPB(d))))
	block := filled[model.LogBlock](rng)
	check(block, convert.LogBlockFromPB(wire(t, convert.LogBlockToPB(block))))
	ref := filled[*model.DeploymentRef](rng)
	check(ref, convert.DeploymentRefFromPB(wire(t, convert.DeploymentRefToPB(ref))))
	state := filled[model.SyncState](rng)
	check(state, convert.SyncStateFromPB(wire(t, convert.SyncStateToPB(state))))
	meta := filled[model.PipedMeta](rng)
	check(meta, convert.PipedMetaFromPB(wire(t, convert.PipedMetaToPB(meta))))
	plan := filled[model.Plan](rng)
	check(plan, convert.PlanFromPB(wire(t, convert.PlanToPB("d", plan))))
	end := filled[model.Completion](rng)
	check(end, convert.CompletionFromPB(wire(t, convert.CompletionToPB("d", end))))
	report := filled[model.StageReport](rng)
	check(report, convert.StageReportFromPB(wire(t, convert.StageReportToPB("d", report))))
	event := filled[*model.Event](rng)
	check(event, convert.EventFromPB(wire(t, convert.EventToPB(event))))
	handled := filled[model.Handled](rng)
	check(handled, convert.HandledFromPB(wire(t, convert.HandledToPB("c", handled))))

	piped := filled[*model.Piped](rng)
	piped.Keys, piped.LastSeenAt = nil, time.Time{}
	check(piped, convert.PipedFromPB(wire(t, convert.PipedToPB(piped, time.Now()))))

	for _, kind := range commandTypes() {
		c := filled[*model.Command](rng)
		c.Type = kind
		if kind != model.CommandSyncApplication && kind != model.CommandChainSync {
			c.SyncStrategy = model.StrategyAuto
		}
		if c.Rollback %= 3; kind != model.CommandCancelDeployment || c.Rollback < 0 {
			c.Rollback = model.RollbackAsConfigured
		}
		if kind != model.CommandChainSync {
			c.ChainID, c.ChainBlock = "", 0
		}
		check(c, convert.CommandFromPB(wire(t, convert.CommandToPB(c))))
	}
}

func commandTypes() []model.CommandType {
	return []model.CommandType{
		model.CommandSyncApplication, model.CommandCancelDeployment, model.CommandApproveStage,
		model.CommandSkipStage, model.CommandRestartPiped, model.CommandChainSync, model.CommandRollBack,
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		roundTrips(t, rand.New(rand.NewPCG(seed, 1)))
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { roundTrips(t, rand.New(rand.NewPCG(a, b))) })
}

// FuzzHostileMessage feeds any bytes a peer may send.
func FuzzHostileMessage(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 1))
	seed, err := proto.Marshal(convert.DeploymentToPB(filled[*model.Deployment](rng)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d modelpb.Deployment
		if proto.Unmarshal(raw, &d) == nil {
			got := convert.DeploymentFromPB(&d)
			again := convert.DeploymentFromPB(wire(t, convert.DeploymentToPB(got)))
			if diff := cmp.Diff(got, again); diff != "" {
				t.Error(diff)
			}
		}
		var c modelpb.Command
		if proto.Unmarshal(raw, &c) == nil {
			convert.CommandFromPB(&c)
		}
		var a modelpb.Application
		if proto.Unmarshal(raw, &a) == nil {
			convert.ApplicationFromPB(&a)
		}
	})
}

func TestZeroValues(t *testing.T) {
	t.Parallel()
	got := convert.DeploymentFromPB(wire(t, convert.DeploymentToPB(&model.Deployment{})))
	if diff := cmp.Diff(&model.Deployment{}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&model.Application{}, convert.ApplicationFromPB(&modelpb.Application{})); diff != "" {
		t.Error(diff)
	}
	if convert.ApplicationToPB(nil) != nil || convert.DeploymentFromPB(nil) != nil || convert.CommandFromPB(nil) != nil ||
		convert.PipedFromPB(nil) != nil || convert.ApplicationInfoFromPB(nil) != nil {
		t.Error("nil must stay nil")
	}
	if convert.SyncStateToPB(model.SyncState{}) != nil || convert.EncryptionToPB(model.SecretEncryption{}) != nil {
		t.Error("what the wire's rules refuse when it is empty must be left out")
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		time time.Time
		want int64
	}{
		{time.Time{}, 0},
		{time.Unix(0, 0), 0},
		{time.Unix(-1, 0), 0},
		{time.Unix(1, 999_999_999), 1},
		{time.Unix(1<<60, 0), 253402300799},
	} {
		if got := convert.Seconds(c.time); got != c.want {
			t.Errorf("Seconds(%v) = %d, want %d", c.time, got, c.want)
		}
	}
	if !convert.Time(0).IsZero() || !convert.Time(-5).IsZero() {
		t.Error("no time must be the zero time")
	}
	if got := convert.Time(1 << 62).Year(); got != 9999 {
		t.Errorf("year %d", got)
	}
	if got := convert.Time(7); got.Location() != time.UTC {
		t.Error("times must be in UTC")
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	d := &model.Deployment{Metadata: map[string]string{"k": "\x93\xfa"}}
	d.Trigger.Commit.Message = "\x83\x54\x81\x5b fix" // Shift_JIS
	d.Stages = []model.Stage{{Requires: []string{"\xff"}}}
	got := convert.DeploymentFromPB(wire(t, convert.DeploymentToPB(d)))
	if got.Metadata["k"] != "\uFFFD" || got.Trigger.Commit.Message != "\uFFFDT\uFFFD[ fix" {
		t.Errorf("got %q, %q", got.Metadata["k"], got.Trigger.Commit.Message)
	}
}

func TestSharedMetadata(t *testing.T) {
	t.Parallel()
	p := convert.DeploymentToPB(&model.Deployment{Metadata: map[string]string{"a": "1"}})
	if p.GetMetadata()["a"] != "1" || p.GetMetadataV2().GetShared().GetKeyValues()["a"] != "1" {
		t.Errorf("both places must be written: %v", p)
	}
	p.Metadata["old"] = "x"
	p.MetadataV2.Shared.KeyValues = map[string]string{"a": "2", "new": "y"}
	want := map[string]string{"a": "2", "old": "x", "new": "y"}
	if diff := cmp.Diff(want, convert.DeploymentFromPB(p).Metadata); diff != "" {
		t.Error(diff)
	}
	only := &modelpb.Deployment{MetadataV2: p.GetMetadataV2()}
	if diff := cmp.Diff(map[string]string{"a": "2", "new": "y"}, convert.DeploymentFromPB(only).Metadata); diff != "" {
		t.Error(diff)
	}
}

func TestOlderPeers(t *testing.T) {
	t.Parallel()
	app := convert.ApplicationFromPB(&modelpb.Application{CloudProvider: "old"})
	if app.PlatformProvider != "old" {
		t.Errorf("platform provider %q", app.PlatformProvider)
	}
	meta := convert.PipedMetaFromPB(&pipedservice.ReportPipedMetaRequest{
		CloudProviders: []*modelpb.Piped_CloudProvider{{Name: "ecs-dev", Type: "ECS"}},
	})
	if diff := cmp.Diff([]model.Provider{{Name: "ecs-dev", Type: "ECS"}}, meta.PlatformProviders); diff != "" {
		t.Error(diff)
	}
	plan := convert.PlanFromPB(&pipedservice.ReportDeploymentPlannedRequest{Version: "v1"})
	if diff := cmp.Diff([]model.ArtifactVersion{{Version: "v1"}}, plan.Versions); diff != "" {
		t.Error(diff)
	}
}

func TestCommandPayloads(t *testing.T) {
	t.Parallel()
	c := convert.CommandToPB(&model.Command{Type: model.CommandSkipStage, DeploymentID: "d", StageID: "s"})
	if c.GetSkipStage().GetDeploymentId() != "d" || c.GetSkipStage().GetStageId() != "s" || c.GetApproveStage() != nil {
		t.Errorf("got %v", c)
	}
	got := convert.CommandFromPB(&modelpb.Command{
		Type:         modelpb.Command_APPROVE_STAGE,
		ApproveStage: &modelpb.Command_ApproveStage{DeploymentId: "d", StageId: "s"},
	})
	if got.DeploymentID != "d" || got.StageID != "s" {
		t.Errorf("ids of the payload are lost: %+v", got)
	}
	unknown := convert.CommandFromPB(&modelpb.Command{Type: modelpb.Command_BUILD_PLAN_PREVIEW})
	if unknown.Type.String() != "UNKNOWN" {
		t.Errorf("got %v", unknown.Type)
	}
}

func TestSuggestion(t *testing.T) {
	t.Parallel()
	want := filled[model.ApplicationInfo](rand.New(rand.NewPCG(8, 8)))
	if diff := cmp.Diff(want, convert.SuggestionFromPB(wire(t, convert.SuggestionToPB(want)))); diff != "" {
		t.Error(diff)
	}
}

func TestApplicationInfo(t *testing.T) {
	t.Parallel()
	app := filled[*model.Application](rand.New(rand.NewPCG(7, 7)))
	got := convert.ApplicationInfoFromPB(wire(t, convert.ApplicationInfoToPB(app)))
	want := &model.Application{
		ID: app.ID, Name: app.Name, PipedID: app.PipedID, Kind: app.Kind, Labels: app.Labels, Description: app.Description,
	}
	want.GitPath.Repo.ID = app.GitPath.Repo.ID
	want.GitPath.Path, want.GitPath.ConfigFilename = app.GitPath.Path, app.GitPath.ConfigFilename
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPipedShownToPeople(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		seen time.Time
		want modelpb.Piped_ConnectionStatus
	}{
		{time.Time{}, modelpb.Piped_UNKNOWN},
		{now.Add(-time.Second), modelpb.Piped_ONLINE},
		{now.Add(-time.Hour), modelpb.Piped_OFFLINE},
	} {
		p := convert.PipedToPB(&model.Piped{LastSeenAt: c.seen, Keys: []model.PipedKey{{Hash: "sha256$x"}}}, now)
		if p.GetStatus() != c.want || len(p.GetKeys()) != 0 {
			t.Errorf("got %v", p)
		}
	}
}

// The numbers of the model's enums are those of the wire, and so are the names
// up to a prefix.
func TestEnumsAgree(t *testing.T) {
	t.Parallel()
	for number, name := range modelpb.DeploymentStatus_name {
		if got := "DEPLOYMENT_" + model.DeploymentStatus(number).String(); got != name {
			t.Errorf("%d is %s, want %s", number, got, name)
		}
	}
	for number, name := range modelpb.StageStatus_name {
		if got := "STAGE_" + model.StageStatus(number).String(); got != name {
			t.Errorf("%d is %s, want %s", number, got, name)
		}
	}
	for number, name := range modelpb.CommandStatus_name {
		if got := "COMMAND_" + model.CommandStatus(number).String(); got != name {
			t.Errorf("%d is %s, want %s", number, got, name)
		}
	}
	for number, name := range modelpb.ApplicationKind_name {
		if got := model.ApplicationKind(number).String(); got != name {
			t.Errorf("%d is %s, want %s", number, got, name)
		}
	}
	for number, name := range modelpb.ApplicationSyncStatus_name {
		if got := model.SyncStatus(number).String(); got != name {
			t.Errorf("%d is %s, want %s", number, got, name)
		}
	}
	for number, name := range modelpb.SyncStrategy_name {
		if got := model.SyncStrategy(number).String(); got != name {
			t.Errorf("%d is %s, want %s", number, got, name)
		}
	}
	for number, name := range modelpb.EventStatus_name {
		if got := "EVENT_" + model.EventStatus(number).String(); got != name {
			t.Errorf("%d is %s, want %s", number, got, name)
		}
	}
	for _, kind := range commandTypes() {
		if got, want := kind.String(), modelpb.Command_Type(kind).String(); got != want {
			t.Errorf("%d is %s, want %s", kind, got, want)
		}
	}
}
