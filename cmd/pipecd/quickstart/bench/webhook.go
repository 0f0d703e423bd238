package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"pipecd/cmd/measure"
)

// measureWebhook tells of each push as a host does, to an agent that would not
// look for a long time otherwise.
func measureWebhook(ctx context.Context, s settings, r *measure.Report) error {
	const rarely = time.Hour
	w, err := newDeployedWorld(ctx, s, worldPlan{apps: 1, syncInterval: rarely})
	if err != nil {
		return err
	}
	defer w.close(ctx)
	var answered, created, called measure.Sample
	for i := range s.runs {
		before, err := w.release(ctx, i)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := w.tellOfPush(ctx); err != nil {
			return err
		}
		answered = append(answered, time.Since(began))
		d, err := w.awaitNew(ctx, 0, before)
		if err != nil {
			return err
		}
		created = append(created, time.Since(began))
		first, err := w.firstCall(ctx, began)
		if err != nil {
			return err
		}
		called = append(called, first)
		if err := w.finish(ctx, d.GetId()); err != nil {
			return err
		}
	}
	row := func(what string, s measure.Sample, target string) []string {
		return []string{what, measure.MS(s.At(measure.Median)), measure.MS(s.At(measure.Tail)), target}
	}
	r.Table(fmt.Sprintf("Webhook (%d runs, syncInterval %s)", s.runs, rarely), []string{"from → to", "p50", "p95", "target"}, [][]string{
		row("webhook → answer", answered, ""),
		row("webhook → deployment created", created, r.Under(measure.InMS(created.At(measure.Median)), 300, "ms (p50)")), // the target
		row("webhook → first AWS call", called, ""),
	})
	return nil
}

// tellOfPush sends what a host sends after a push to the repository.
func (w *world) tellOfPush(ctx context.Context) error {
	body, err := json.Marshal(map[string]any{
		"ref": "refs/heads/main", "repository": map[string]string{"clone_url": "file://" + w.path("bench.git")},
	})
	if err != nil {
		return fmt.Errorf("making a webhook: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(webhookSecret))
	_, _ = mac.Write(body) // never returns an error
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.address+"/webhook/github", strings.NewReader(string(body)))
	if err != nil {
		return fmt.Errorf("making a webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Github-Event", "push")
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := w.http.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("sending a webhook: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	const most = 1 << 10
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return fmt.Errorf("reading the answer to a webhook: %w", err)
	}
	if resp.StatusCode != http.StatusAccepted || !strings.HasPrefix(string(answer), "1 agent was told") {
		return fmt.Errorf("the webhook was answered %s: %s", resp.Status, answer)
	}
	return nil
}
