-- +goose Up
CREATE INDEX deployments_by_change ON deployments (project_id, updated_at);
