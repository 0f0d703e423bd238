-- +goose Up
CREATE INDEX deployments_by_kind ON deployments (project_id, kind, status, created_at, id, application_name);
