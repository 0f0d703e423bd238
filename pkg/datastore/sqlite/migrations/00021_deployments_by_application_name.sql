-- +goose Up
CREATE INDEX deployments_by_application_name ON deployments (project_id, application_name, created_at, id);
