-- +goose Up
CREATE INDEX deployments_by_project ON deployments (project_id, created_at, id, application_name);
