-- +goose Up
CREATE INDEX applications_by_sync_status ON applications (project_id, deleted, sync_status, updated_at, id);
