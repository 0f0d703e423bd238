-- +goose Up
CREATE INDEX deployments_by_piped ON deployments (piped_id, created_at, id);
