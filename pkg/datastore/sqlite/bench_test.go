package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func benchStore(b *testing.B) datastore.Store {
	b.Helper()
	return open(b, filepath.Join(b.TempDir(), "db"))
}

func BenchmarkTouchPiped(b *testing.B) {
	store := benchStore(b)
	config := strings.Repeat("x", 64<<10)
	must(b, store.AddPiped(b.Context(), &model.Piped{ID: "p", Name: "p", ProjectID: "q", Config: config}))
	for i := 0; b.Loop(); i++ {
		must(b, store.TouchPiped(b.Context(), "p", start.Add(time.Duration(i)*time.Second)))
	}
}

func BenchmarkUpdateDeployment(b *testing.B) {
	for name, metadata := range map[string]int{"Small": 100, "100KB": 100 << 10} {
		b.Run(name, func(b *testing.B) {
			store := benchStore(b)
			lease, _, err := store.AcquireLease(b.Context(), "p", datastore.LeaseRequest{InstanceID: "i", TTL: time.Hour})
			must(b, err)
			fence := model.Fence{PipedID: "p", Epoch: lease.Epoch}
			must(b, store.CreateDeployment(b.Context(), fence, &model.Deployment{
				ID: "d", ProjectID: "q", PipedID: "p", Labels: map[string]string{"env": "prod"}, Stages: make([]model.Stage, 8),
				Metadata: map[string]string{"state": strings.Repeat("x", metadata)}, CreatedAt: start,
			}))
			for i := 0; b.Loop(); i++ {
				_, err := store.UpdateDeployment(b.Context(), fence, "d", func(d *model.Deployment) error {
					d.Stages[0].RetriedCount, d.UpdatedAt = int32(i%1000), start.Add(time.Duration(i)*time.Second)
					return nil
				})
				must(b, err)
			}
		})
	}
}

// BenchmarkUpdateDeploymentsAtOnce is what one write costs when as many agents
// write at once: those that wait share a transaction.
func BenchmarkUpdateDeploymentsAtOnce(b *testing.B) {
	for _, writers := range []int{1, 10, 100} {
		b.Run(strconv.Itoa(writers), func(b *testing.B) {
			store := benchStore(b)
			for i := range writers {
				must(b, store.CreateDeployment(b.Context(), model.Fence{}, &model.Deployment{
					ID: strconv.Itoa(i), ProjectID: "q", PipedID: "p", Stages: make([]model.Stage, 8), CreatedAt: start,
				}))
			}
			var left atomic.Int64
			left.Store(int64(b.N))
			var all sync.WaitGroup
			for i := range writers {
				all.Go(func() {
					for n := left.Add(-1); n >= 0; n = left.Add(-1) {
						_, err := store.UpdateDeployment(b.Context(), model.Fence{}, strconv.Itoa(i), func(d *model.Deployment) error {
							d.UpdatedAt = start.Add(time.Duration(n) * time.Second)
							return nil
						})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}

func BenchmarkListUnhandledCommands(b *testing.B) {
	for _, unhandled := range []int{0, 10} {
		b.Run(strconv.Itoa(unhandled), func(b *testing.B) {
			store := benchStore(b)
			const handled = 2000
			for i := range handled + unhandled {
				c := &model.Command{ID: fmt.Sprintf("%06d", i), PipedID: "p", ProjectID: "q", CreatedAt: start.Add(time.Duration(i) * time.Second)}
				if i < handled {
					c.Status = model.CommandSucceeded
				}
				must(b, store.AddCommand(b.Context(), c))
			}
			for b.Loop() {
				list, err := store.ListUnhandledCommands(b.Context(), "p")
				if must(b, err); len(list) != unhandled {
					b.Fatalf("%d commands", len(list))
				}
			}
		})
	}
}

func BenchmarkListApplications(b *testing.B) {
	store := benchStore(b)
	const n = 10_000
	for i := range n {
		must(b, store.AddApplication(b.Context(), &model.Application{
			ID: fmt.Sprintf("%06d", i), Name: fmt.Sprintf("app-%d", i%2000), ProjectID: "q", PipedID: strconv.Itoa(i % 20), Kind: model.KindECS,
			GitPath:        model.GitPath{Repo: model.GitRepository{ID: "r"}, Path: strconv.Itoa(i), ConfigFilename: model.DefaultConfigFilename},
			Labels:         map[string]string{"env": []string{"dev", "prod"}[i%2], "team": strconv.Itoa(i % 500)},
			LastSuccessful: &model.DeploymentRef{DeploymentID: "d", Summary: strings.Repeat("s", 200)},
			SyncState:      model.SyncState{Status: model.SyncStatus(i % 100 / 33)}, UpdatedAt: start.Add(time.Duration(i%5000) * time.Second),
		}))
	}
	for name, f := range map[string]datastore.ApplicationFilter{
		"Project":    {ProjectID: "q"},
		"Label":      {ProjectID: "q", Labels: map[string]string{"env": "prod"}},
		"Labels":     {ProjectID: "q", Labels: map[string]string{"env": "prod", "team": "7"}},
		"SyncStatus": {ProjectID: "q", SyncStatuses: []model.SyncStatus{model.SyncOutOfSync}},
		"Name":       {ProjectID: "q", NamePart: "P-1999"},
		"Piped":      {ProjectID: "q", PipedID: "3"},
	} {
		_, cursor, err := store.ListApplications(b.Context(), f, datastore.Page{})
		must(b, err)
		for page, cursor := range map[string]string{"First": "", "Second": cursor} {
			b.Run(name+"/"+page, func(b *testing.B) {
				for b.Loop() {
					_, _, err := store.ListApplications(b.Context(), f, datastore.Page{Cursor: cursor})
					must(b, err)
				}
			})
		}
	}
}
