package ecs_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
	"pipecd/pkg/simcloud"
)

// someoneElse is who works on the account beside the agent.
type someoneElse struct{}

func (someoneElse) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAOPERATOR", SecretAccessKey: "secret"}, nil
}

// operator is someone else's client of the load balancers.
func (w *world) operator() *awselb.Client {
	return awselb.New(awselb.Options{
		Region: "ap-northeast-1", BaseEndpoint: aws.String("http://aws.test"), HTTPClient: &http.Client{Transport: direct{w.cloud.Handler()}},
		Credentials: someoneElse{},
	})
}

// silent is a log nobody reads.
type silent struct{}

func (silent) Infof(string, ...any)    {}
func (silent) Successf(string, ...any) {}
func (silent) Errorf(string, ...any)   {}

func TestRulesThatMovedElsewhereAreFoundAgain(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		target := w.target()
		if _, err := target.Preflight(t.Context(), silent{}); err != nil {
			t.Fatal(err)
		}
		weights := func(want platform.Weights) []simcloud.Call {
			t.Helper()
			before := len(w.cloud.Calls())
			got, err := target.Traffic().Weights(t.Context())
			if err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
			return w.cloud.Calls()[before:]
		}
		if calls := weights(platform.Weights{Primary: 100}); len(calls) != 1 {
			t.Errorf("%d calls for weights whose listener is known", len(calls))
		}
		lb, client := w.cloud.ELB, w.operator()
		found, err := client.DescribeListeners(t.Context(), &awselb.DescribeListenersInput{LoadBalancerArn: aws.String(w.balancerARN(client))})
		if err != nil {
			t.Fatal(err)
		}
		blue, green := lb.TargetGroupARN("blue"), lb.TargetGroupARN("green")
		_, err = client.CreateListener(t.Context(), &awselb.CreateListenerInput{
			LoadBalancerArn: found.Listeners[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080),
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{
				{TargetGroupArn: &blue, Weight: aws.Int32(70)}, {TargetGroupArn: &green, Weight: aws.Int32(30)},
			}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ModifyListener(t.Context(), &awselb.ModifyListenerInput{
			ListenerArn: found.Listeners[0].ListenerArn,
			DefaultActions: []elbtypes.Action{{
				Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		calls := weights(platform.Weights{Primary: 70, Canary: 30})
		if !slices.ContainsFunc(calls, func(c simcloud.Call) bool { return c.Operation == "DescribeListeners" }) {
			t.Error("the listeners were not searched again")
		}
	})
}

func (w *world) balancerARN(client *awselb.Client) string {
	w.t.Helper()
	out, err := client.DescribeTargetGroups(w.t.Context(), &awselb.DescribeTargetGroupsInput{TargetGroupArns: []string{w.cloud.ELB.TargetGroupARN("blue")}})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.TargetGroups[0].LoadBalancerArns[0]
}
