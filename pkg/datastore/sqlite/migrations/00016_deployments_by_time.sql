-- +goose Up
CREATE INDEX deployments_by_time ON deployments (created_at, id);
