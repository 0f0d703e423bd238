-- +goose Up
CREATE INDEX deployments_by_open ON deployments (piped_id, completed, created_at, id);
