-- +goose Up
CREATE INDEX deployments_by_status ON deployments (project_id, status, created_at, id, application_name);
