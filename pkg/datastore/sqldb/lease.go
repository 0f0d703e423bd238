package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// leaseRow is a row of the table leases.
type leaseRow struct {
	epoch      int64
	instanceID string
	host       string
	expiresAt  int64
	released   bool
	now        int64 // the database's time of the read
}

func (r leaseRow) toModel(pipedID string) model.Lease {
	return model.Lease{PipedID: pipedID, Epoch: r.epoch, InstanceID: r.instanceID, Host: r.host, ExpiresAt: fromMicros(r.expiresAt)}
}

// free reports whether instanceID may have the lease.
func (r leaseRow) free(instanceID string) bool {
	return r.released || r.expiresAt <= r.now || r.instanceID == instanceID
}

// readLease returns sql.ErrNoRows when there never was a lease.
func (s *Store) readLease(ctx context.Context, q querier, pipedID, lock string) (leaseRow, error) {
	now, args := s.dialect.Now()
	var r leaseRow
	err := q.QueryRowContext(ctx,
		"SELECT epoch, instance_id, host, expires_at, released, "+now+" FROM leases WHERE piped_id = ?"+lock, append(args, pipedID)...).
		Scan(&r.epoch, &r.instanceID, &r.host, &r.expiresAt, &r.released, &r.now)
	return r, err
}

// AcquireLease implements datastore.Leases.
func (s *Store) AcquireLease(ctx context.Context, pipedID string, by datastore.LeaseRequest) (lease model.Lease, granted bool, err error) {
	what := "lease of piped " + pipedID
	if by.TTL <= 0 || by.InstanceID == "" {
		return lease, false, model.Errorf(model.CodeInvalid, "the %s needs an instance and a time to live above zero", what)
	}
	if err := checkColumns(what, column{"piped", pipedID}, column{"instance", by.InstanceID}, column{"host", by.Host}); err != nil {
		return lease, false, err
	}
	err = s.rewrite(ctx, "acquiring the "+what, func(tx *sql.Tx, _ bool) error {
		lease, granted, err = s.acquire(ctx, tx, pipedID, by)
		return err
	})
	if err != nil {
		return model.Lease{}, false, err
	}
	return lease, granted, nil
}

func (s *Store) acquire(ctx context.Context, tx *sql.Tx, pipedID string, by datastore.LeaseRequest) (model.Lease, bool, error) {
	held, err := s.readLease(ctx, tx, pipedID, s.dialect.LockForUpdate())
	if errors.Is(err, sql.ErrNoRows) {
		return s.firstLease(ctx, tx, pipedID, by)
	}
	if err != nil {
		return model.Lease{}, false, err
	}
	if !held.free(by.InstanceID) {
		return held.toModel(pipedID), false, nil
	}
	if held.instanceID != by.InstanceID {
		held.epoch++
	}
	held.instanceID, held.host, held.expiresAt = by.InstanceID, by.Host, held.now+by.TTL.Microseconds()
	_, err = tx.ExecContext(ctx, "UPDATE leases SET epoch = ?, instance_id = ?, host = ?, expires_at = ?, released = ? WHERE piped_id = ?",
		held.epoch, held.instanceID, held.host, held.expiresAt, false, pipedID)
	return held.toModel(pipedID), true, err
}

func (s *Store) firstLease(ctx context.Context, tx *sql.Tx, pipedID string, by datastore.LeaseRequest) (model.Lease, bool, error) {
	now, args := s.dialect.Now()
	_, err := tx.ExecContext(ctx,
		"INSERT INTO leases (piped_id, epoch, instance_id, host, expires_at, released) VALUES (?, 1, ?, ?, ? + "+now+", ?)",
		append(append([]any{pipedID, by.InstanceID, by.Host, by.TTL.Microseconds()}, args...), false)...)
	if err != nil && s.dialect.Classify(err) == FailureDuplicate {
		return model.Lease{}, false, errChanged // another instance was first; look again
	}
	if err != nil {
		return model.Lease{}, false, err
	}
	row, err := s.readLease(ctx, tx, pipedID, "")
	return row.toModel(pipedID), true, err
}

// RenewLease implements datastore.Leases.
func (s *Store) RenewLease(ctx context.Context, fence model.Fence, ttl time.Duration) error {
	if ttl <= 0 {
		return model.Errorf(model.CodeInvalid, "a lease cannot be renewed for %s", ttl)
	}
	now, args := s.dialect.Now()
	args = append(append([]any{ttl.Microseconds()}, args...), fence.PipedID, fence.Epoch, false)
	return s.rewrite(ctx, "renewing the lease of piped "+fence.PipedID, func(tx *sql.Tx, _ bool) error {
		result, err := tx.ExecContext(ctx, "UPDATE leases SET expires_at = ? + "+now+" WHERE piped_id = ? AND epoch = ? AND released = ?", args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil || n > 0 {
			return err
		}
		return s.whyNotRenewed(ctx, tx, fence)
	})
}

// RenewLeases implements datastore.Leases. One order for all keeps two batches
// from waiting for each other.
func (s *Store) RenewLeases(ctx context.Context, fences []model.Fence, ttl time.Duration) (int, error) {
	switch {
	case ttl <= 0:
		return 0, model.Errorf(model.CodeInvalid, "leases cannot be renewed for %s", ttl)
	case len(fences) == 0:
		return 0, nil
	case len(fences) > datastore.MaxPageSize:
		return 0, model.Errorf(model.CodeInvalid, "%d leases cannot be renewed at once; at most %d can", len(fences), datastore.MaxPageSize)
	}
	fences = slices.SortedFunc(slices.Values(fences), func(a, b model.Fence) int { return cmp.Compare(a.PipedID, b.PipedID) })
	now, args := s.dialect.Now()
	args = append(append([]any{ttl.Microseconds()}, args...), false)
	those := make([]string, len(fences))
	for i, f := range fences {
		those[i] = "piped_id = ? AND epoch = ?"
		args = append(args, f.PipedID, f.Epoch)
	}
	n, err := s.execute(ctx, "renewing leases",
		query{"UPDATE leases SET expires_at = ? + " + now + " WHERE released = ? AND (" + strings.Join(those, " OR ") + ")", args})
	return int(n), err
}

// whyNotRenewed also covers databases that do not count a row that had the
// same expiry already.
func (s *Store) whyNotRenewed(ctx context.Context, tx *sql.Tx, fence model.Fence) error {
	row, err := s.readLease(ctx, tx, fence.PipedID, "")
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case err != nil:
		return model.Errorf(model.CodeFenced, "piped %s holds no lease to renew; it must ask for one", fence.PipedID)
	case row.epoch != fence.Epoch:
		return fenced(fence, row)
	case row.released:
		return model.Errorf(model.CodeFenced, "the lease of piped %s with epoch %d was given back; a process that goes on must ask for it again",
			fence.PipedID, fence.Epoch)
	default:
		return nil
	}
}

// ReleaseLease implements datastore.Leases.
func (s *Store) ReleaseLease(ctx context.Context, fence model.Fence) error {
	now, args := s.dialect.Now()
	args = append(append([]any{true}, args...), fence.PipedID, fence.Epoch, false)
	_, err := s.execute(ctx, "releasing the lease of piped "+fence.PipedID,
		query{"UPDATE leases SET released = ?, expires_at = " + now + " WHERE piped_id = ? AND epoch = ? AND released = ?", args})
	return err
}

// GetLease implements datastore.Leases.
func (s *Store) GetLease(ctx context.Context, pipedID string) (model.Lease, error) {
	row, err := s.readLease(ctx, s.reader, pipedID, "")
	if errors.Is(err, sql.ErrNoRows) {
		return model.Lease{}, model.Errorf(model.CodeNotFound, "piped %q never held a lease", pipedID)
	}
	if err != nil {
		return model.Lease{}, s.coded(ctx, err, "reading the lease of piped "+pipedID)
	}
	return row.toModel(pipedID), nil
}

// GetLeases implements datastore.Leases.
func (s *Store) GetLeases(ctx context.Context, pipedIDs []string) (map[string]model.Lease, error) {
	if len(pipedIDs) == 0 {
		return map[string]model.Lease{}, nil
	}
	if err := checkBatch("piped", pipedIDs); err != nil {
		return nil, err
	}
	var where conditions
	addIn(&where, "piped_id", pipedIDs)
	clause, args := where.clause()
	leases := make(map[string]model.Lease, len(pipedIDs))
	err := each(ctx, s.reader, query{"SELECT piped_id, epoch, instance_id, host, expires_at FROM leases" + clause, args}, func(scan scanner) error {
		var (
			r  leaseRow
			id string
		)
		if err := scan(&id, &r.epoch, &r.instanceID, &r.host, &r.expiresAt); err != nil {
			return err
		}
		leases[id] = r.toModel(id)
		return nil
	})
	if err != nil {
		return nil, s.coded(ctx, err, "reading leases")
	}
	return leases, nil
}

// checkFence refuses a write of a process that another one has superseded. The
// lock keeps a takeover from slipping in before the commit.
func (s *Store) checkFence(ctx context.Context, tx *sql.Tx, fence model.Fence) error {
	if fence.Epoch == 0 {
		return nil
	}
	row, err := s.readLease(ctx, tx, fence.PipedID, s.dialect.LockForShare())
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return model.Errorf(model.CodeFenced, "piped %s wrote with epoch %d but holds no lease; it must ask for one", fence.PipedID, fence.Epoch)
	case err != nil:
		return fmt.Errorf("checking the lease of piped %s: %w", fence.PipedID, err)
	case row.epoch != fence.Epoch:
		return fenced(fence, row)
	default:
		return nil
	}
}

func fenced(fence model.Fence, row leaseRow) error {
	return model.Errorf(model.CodeFenced,
		"another process of piped %s, on host %q, holds the lease with epoch %d; this one has epoch %d and must stop acting",
		fence.PipedID, row.host, row.epoch, fence.Epoch)
}
