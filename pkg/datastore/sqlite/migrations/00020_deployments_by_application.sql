-- +goose Up
CREATE INDEX deployments_by_application ON deployments (application_id, created_at, id);
